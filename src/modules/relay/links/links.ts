import type { Server, Socket } from 'node:net';
import { everySecond, repeat, startTimer } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import type { Member } from '../../../model/member.ts';
import type { Membership } from '../../../model/membership.ts';
import type { TlsMaterial } from '../../../model/peers-tls.ts';
import { createCounters, type LinkCounters } from './counters.ts';
import { createTrust } from './create-trust.ts';
import { dial } from './dial.ts';
import { createDoor } from './door.ts';
import type { Greeting } from './greeting.ts';
import { createLines } from './lines.ts';
import type { Link } from './link.ts';
import { addressOf, listen } from './listen.ts';
import { createMesh } from './mesh.ts';
import { createReport } from './report.ts';
import { doubtPaceMs } from './silence.ts';

export interface LinksOptions {
  readonly own: Omit<Greeting, 'attempt'>;
  /** Of all members, and our own. */
  readonly port: number;
  /** To listen at; where it is one address, dials come from it as well. */
  readonly host: string;
  readonly members: () => Membership;
  /** Our own name among the members. */
  readonly selfName: string;
  /** One or two; asked for before a handshake. */
  readonly keys: () => Promise<readonly Buffer[]>;
  /** In place of keys: mutual TLS, and the other's certificate must have a name of ours. Read before a handshake. */
  readonly certificates?: (() => Promise<TlsMaterial>) | undefined;
  /** Without TLS, keys and certificates. */
  readonly plaintext: boolean;
  /**
   * One link with each other sidecar; the one before it has ended. Listen at once: until then nothing more is read than
   * what has come.
   */
  readonly onLink: (link: Link) => void;
  readonly log: Log;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** 0 to 1; default: `Math.random`. */
  readonly random?: () => number;
  /** Another port than `port` to dial a member at: for a hop that can be cut. */
  readonly portOf?: (member: Member) => number;
}

export interface Links {
  /** Listens, and begins to dial. `UserError` where the port is taken. Ends with the signal, as by `close`. */
  start(signal: AbortSignal): Promise<{ readonly port: number }>;
  /** `members` says something else now. */
  membersChanged(): void;
  /** Those that are up. */
  links(): readonly Link[];
  /** Tells all others, and resolves when nothing is open. */
  close(): Promise<void>;
  readonly counters: LinkCounters;
  /** Who cannot be linked, and why, where that does not end by itself: for people. */
  troubles(): readonly string[];
  /** Members that run and call themselves otherwise. They hold entries that nobody would get from them. */
  otherNames(): readonly string[];
}

const anywhere: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);

/** Keeps one link with each member that discovery knows. */
export function createLinks(options: LinksOptions): Links {
  const { own, host, members, selfName, log, now, random = Math.random } = options;
  const counters = createCounters();
  const report = createReport(log, now, counters);
  const trust = createTrust({ ...options, trouble: report.trustTrouble });
  const isMember = (address: string) => members().members.some((each) => each.address === address);
  const enter = createDoor({ now, isMember });
  let server: Server | undefined;
  let stopTimer = () => {};
  let stopTicks = () => {};
  let stopDoubt = () => {};
  let stopListening = () => {};
  let closing: Promise<void> | undefined;

  const lines = createLines({
    ...{ report, now, sums: own.sums },
    onLink: options.onLink,
    onControl: (id, control) => after(() => mesh.control(id, control)),
    onClosed: (id, outcome) => after(() => mesh.closed(id, outcome)),
  });
  const mesh = createMesh({
    ...{ own, selfName, members, now, random },
    effects: {
      dial: (id, member) => void dialMember(id, member),
      send: lines.send,
      greeted: lines.trust,
      close: (id, code, why) => lines.close(id, { code, why }),
      up: lines.handOut,
    },
  });

  /** The address that others know of us. */
  function ownAddress(): string | undefined {
    if (!anywhere.has(host)) return host;
    return members().members.find(({ name }) => name === selfName)?.address;
  }

  async function dialMember(id: number, member: Member): Promise<void> {
    const { address, name: dialled } = member;
    const abort = new AbortController();
    lines.add(id, { address, dialled, leave: () => {}, giveUp: () => abort.abort() });
    counters.dials += 1;
    const port = options.portOf?.(member) ?? options.port;
    const { signal } = abort;
    const came = await dial({ address, port, from: ownAddress(), trust, signal });
    if ('socket' in came) {
      lines.attach(id, came.socket);
      lines.trust(id);
      after(() => mesh.opened(id));
    } else lines.failed(id, came, came.outcome);
  }

  async function accept(raw: Socket): Promise<void> {
    counters.accepted += 1;
    raw.on('error', () => {});
    const address = addressOf(raw);
    const entry = enter(address);
    if (entry.kind === 'out') {
      raw.resetAndDestroy();
      report.stranger(address, { code: entry.code, why: 'too many connections' });
      return;
    }
    const id = mesh.accepted(address);
    const giveUp = () => raw.destroy();
    lines.add(id, { address, dialled: undefined, leave: entry.leave, giveUp });
    arm();
    try {
      lines.attach(id, await trust.accept(raw));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = `it has shown ${trust.lack} (${code ?? message})`;
      lines.failed(id, { code: trust.code, why }, { kind: 'failed' });
    }
  }

  function look(): void {
    after(mesh.look);
  }

  function tick(): void {
    stopDoubt();
    const isDoubtful = lines.tick();
    stopDoubt = isDoubtful && !closing ? repeat(lines.look, doubtPaceMs) : () => {};
  }

  function after(act: () => void): void {
    if (closing !== undefined) return;
    act();
    arm();
  }

  function arm(): void {
    stopTimer();
    if (closing !== undefined) return;
    stopTimer = startTimer(look, Math.max(1, mesh.nextMs() - now()));
  }

  function close(): Promise<void> {
    closing ??= new Promise((resolve) => {
      stopTimer();
      stopTicks();
      stopDoubt();
      stopListening();
      if (server === undefined) resolve();
      else server.close(() => resolve());
    });
    lines.closeAll({ code: 'stopped', why: 'the sidecar stops' });
    return closing;
  }

  return {
    async start(signal) {
      const listening = await listen(options, (socket) => void accept(socket));
      server = listening.server;
      stopTicks = everySecond(tick);
      const abort = () => void close();
      signal.addEventListener('abort', abort, { once: true });
      stopListening = () => signal.removeEventListener('abort', abort);
      if (signal.aborted) await close();
      look();
      return { port: listening.port };
    },
    membersChanged: look,
    links: lines.links,
    close,
    counters,
    troubles: report.troubles,
    otherNames() {
      const named = new Set(report.otherNames());
      return members()
        .members.filter(
          ({ name, serving, terminating }) => named.has(name) && serving !== false && !terminating,
        )
        .map(({ name }) => name);
    },
  };
}
