import type { Readiness } from '../engine/ready-rule.ts';
import type { Observer, PassReport } from '../engine/reporter.ts';
import { showProc } from '../haproxy/master.ts';
import { runningPeers } from '../haproxy/running-peers.ts';
import { parseShowTable } from '../haproxy/show-table.ts';
import { command } from '../haproxy/socket.ts';
import { hasChanges } from '../model/changes.ts';
import type { Self } from '../model/member.ts';
import type { Membership } from '../model/membership.ts';
import type { Status } from './status-schema.ts';

export interface StatusBoardOptions {
  readonly self: Self;
  readonly version: string;
  readonly section: string;
  readonly mode: 'reload' | 'relay';
  /** Of relay mode. */
  readonly trust?: Status['trust'];
  readonly adminSocket: string;
  readonly masterSocket: string;
  readonly members: () => Membership;
  readonly readiness: () => Readiness;
  /** It became ready without what siblings hold or may hold. */
  readonly incomplete: () => boolean;
  /** What modules were asked for and do not do. Default: nothing. */
  readonly troubles?: () => readonly string[];
  /** Of snapshots. Default: nothing. */
  readonly snapshot?: (() => Status['snapshot']) | undefined;
  /** The section where no pass reports it. */
  readonly fixedSection?: Status['section'];
  /** Peers as they are to be shown. Default: as HAProxy names them. */
  readonly peers?: (peers: Status['peers']) => Status['peers'];
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** The date, in milliseconds since the epoch: it is shown. */
  readonly wallNow: () => number;
}

/** Remembers what the reconciler reports, and asks HAProxy for the rest when /status is asked for. */
export interface StatusBoard extends Observer {
  /** `fresh`: HAProxy is asked again, however short ago it was. */
  status(fresh?: 'fresh'): Promise<Status>;
}

/** Several may ask at the same time: HAProxy is asked at most once in this many milliseconds. */
const freshMs = 200;

type FromHaproxy = Pick<Status, 'resync' | 'haproxy' | 'peers' | 'tables'>;

async function askHaproxy(options: StatusBoardOptions): Promise<FromHaproxy> {
  const { adminSocket, masterSocket, section } = options;
  const ask = (line: string) => command(adminSocket, line, { timeoutMs: 3000 }).catch(() => '');
  // Each command on a connection of its own: `show peers` and `show table` have no end mark in an interactive one.
  const [peersText, tableText, infoText, processes] = await Promise.all([
    ask('show peers'),
    ask('show table'),
    ask('show info'),
    showProc(masterSocket, { timeoutMs: 3000 }).catch(() => []),
  ]);
  const tables = parseShowTable(tableText);
  const state = runningPeers(peersText, tables, section);
  return {
    resync: state?.resync ?? null,
    haproxy: {
      version: /^Version: (\S+)/m.exec(infoText)?.[1] ?? null,
      reloads: processes.find(({ kind }) => kind === 'master')?.reloads ?? null,
    },
    peers: (state?.peers ?? []).map(({ name, address, local, established, lastStatus, behind }) => {
      return { name, address, local, established, lastStatus, lag: behind };
    }),
    tables: tables.map(({ name, type, size, used }) => {
      return { name, type, size, used, shared: state?.tables.includes(name) ?? false };
    }),
  };
}

const names = (entries: readonly { readonly name: string }[]) => entries.map(({ name }) => name);

function pendingOf(pass: PassReport | null): Status['pending'] {
  if (pass === null || pass.decision.kind === 'none' || pass.decision.kind === 'apply') return null;
  const changes = pass.plan.kind === 'changes' ? pass.plan.changes : null;
  return {
    add: names(changes?.add ?? []),
    update: names(changes?.update ?? []),
    remove: names(changes?.remove ?? []),
    decision: pass.decision.kind,
    reasons: [...pass.decision.reasons],
  };
}

export function createStatusBoard(options: StatusBoardOptions): StatusBoard {
  const { self, version, now, wallNow } = options;
  const startedAtMs = wallNow();
  let pass: PassReport | null = null;
  let lastChange: Status['lastChange'] = null;
  let lastFailure: Status['lastFailure'] = null;
  let asked: { readonly atMs: number; readonly answer: Promise<FromHaproxy> } | null = null;

  function fromHaproxy(fresh: boolean): Promise<FromHaproxy> {
    if (fresh || asked === null || now() - asked.atMs >= freshMs) {
      asked = { atMs: now(), answer: askHaproxy(options) };
    }
    return asked.answer;
  }

  return {
    pass(report) {
      pass = report;
    },
    applied({ reloaded }, ms, made) {
      // All that was wanted was held: nothing has changed.
      if (!reloaded && !hasChanges(made)) return;
      const { add, update, remove } = made;
      lastChange = {
        atMs: wallNow(),
        joined: names(add),
        moved: names(update),
        left: names(remove),
        ms: Math.round(ms),
      };
    },
    failed(code) {
      lastFailure = { atMs: wallNow(), code };
    },
    ready() {},
    async status(fresh) {
      const haproxy = await fromHaproxy(fresh === 'fresh');
      const membership = options.members();
      const { ready, reasons } = options.readiness();
      const troubles = options.troubles?.() ?? [];
      const snapshot = options.snapshot?.();
      return {
        name: self.name,
        address: self.address,
        version,
        startedAtMs,
        mode: options.mode,
        ...(options.trust === undefined ? {} : { trust: options.trust }),
        ready,
        reasons: [...reasons],
        ...(options.incomplete() ? { incomplete: true } : {}),
        members: {
          synced: membership.synced,
          names: names(membership.members),
          notes: [...membership.notes],
        },
        section:
          pass === null
            ? (options.fixedSection ?? null)
            : { name: pass.section.name, entries: pass.section.entries.length },
        ...haproxy,
        ...(options.peers === undefined ? {} : { peers: options.peers(haproxy.peers) }),
        ...(troubles.length > 0 ? { troubles: [...troubles] } : {}),
        ...(snapshot === undefined ? {} : { snapshot }),
        pending: pendingOf(pass),
        lastChange,
        lastFailure,
      };
    },
  };
}
