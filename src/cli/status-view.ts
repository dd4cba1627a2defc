import { styleText } from 'node:util';
import { formatDuration } from '../config/duration.ts';
import type { Status } from '../telemetry/status-schema.ts';
import { visibleIn } from '../visible.ts';
import { aggregateFacts } from './aggregate-text.ts';
import { backendFacts } from './backend-text.ts';
import { columns, count } from './columns.ts';
import type { Found } from './found.ts';
import { lessonsFact } from './lessons-text.ts';
import { leavingOf, removesLater, type Standing, standingOf } from './peer-standing.ts';
import { snapshotFacts } from './snapshot-text.ts';

export interface ViewOptions {
  readonly colors: boolean;
  readonly nowMs: number;
}

type Colour = 'green' | 'yellow' | 'red' | 'bold' | 'dim';

/** What the resync of HAProxy's worker came to, in words. */
const resyncWords: Readonly<Record<NonNullable<Status['resync']>, string>> = {
  pending: 'resync under way',
  learned: 'learned from a peer',
  alone: 'nobody taught it',
  unknown: '"show peers" of this version is not understood',
};

const trustWords: Readonly<Record<NonNullable<Status['trust']>, string>> = {
  key: 'by a shared key',
  certificates: 'by certificates',
  plaintext: 'in plain text, open to whoever reaches the port',
};

/** The most entries that any replica holds, by table. */
export function fullest(found: readonly Found[]): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  for (const { status } of found) {
    for (const { name, used, shared } of status?.tables ?? []) {
      if (shared) most.set(name, Math.max(most.get(name) ?? 0, used));
    }
  }
  return most;
}

/** `ESTA` without a session: it has ended, mostly with an old worker, and HAProxy connects anew within 5 s. */
function notConnected({ lastStatus }: Status['peers'][number]): string {
  return lastStatus === 'ESTA' ? 'connecting again' : `not connected (${lastStatus})`;
}

const standings: Readonly<Record<Standing, { readonly colour: Colour; readonly word?: string }>> = {
  connected: { colour: 'green', word: 'connected' },
  away: { colour: 'yellow' },
  leaving: { colour: 'dim', word: 'leaving: its pod is gone or being deleted' },
  expected: { colour: 'dim', word: 'expected: there is no such pod yet' },
};

/** `add web-4 (wait: the last reload is too recent)`. */
export function pendingText(pending: NonNullable<Status['pending']>): string {
  const parts = [
    pending.add.length > 0 ? `add ${pending.add.join(', ')}` : '',
    pending.update.length > 0 ? `move ${pending.update.join(', ')}` : '',
    pending.remove.length > 0 ? `remove ${pending.remove.join(', ')}` : '',
  ].filter((part) => part !== '');
  const what = parts.length > 0 ? parts.join('; ') : 'nothing may be changed';
  return `${what} (${pending.decision}: ${pending.reasons.join('; ')})`;
}

function changeText(change: NonNullable<Status['lastChange']>, nowMs: number): string {
  const parts = [
    change.joined.length > 0 ? `joined ${change.joined.join(', ')}` : '',
    change.moved.length > 0 ? `moved ${change.moved.join(', ')}` : '',
    change.left.length > 0 ? `left ${change.left.join(', ')}` : '',
  ].filter((part) => part !== '');
  const ago = formatDuration(Math.max(0, Math.round((nowMs - change.atMs) / 1000) * 1000));
  return `${ago} ago, ${parts.join('; ')}, in ${change.ms} ms`;
}

/** What `status` prints: one block for each replica. */
export function renderStatus(told: readonly Found[], { colors, nowMs }: ViewOptions): string {
  const found = visibleIn(told);
  const paint = (colour: Colour, text: string): string =>
    colors ? styleText(colour, text, { validateStream: false }) : text;
  const most = fullest(found);
  const several = found.length > 1;
  const leaving = leavingOf(found);

  function peers(status: Status): readonly string[] {
    const remote = status.peers
      .filter(({ local }) => !local)
      .map((peer) => ({ peer, ...standings[standingOf(peer, status, leaving)] }));
    const texts = columns(
      remote.map(({ peer, word }) => [peer.name, peer.address, word ?? notConnected(peer)]),
    );
    return remote.map(({ colour }, index) => paint(colour, `    ${texts[index]}`));
  }

  function tables({ tables: all }: Status): readonly string[] {
    const shared = all.filter((table) => table.shared);
    const behind = ({ name, used }: Status['tables'][number]) => (most.get(name) ?? used) - used;
    const texts = columns(
      shared.map((table) => [
        table.name,
        `${count(table.used)} entries of ${count(table.size)}`,
        several && behind(table) > 0 ? `${count(behind(table))} behind the fullest` : '',
      ]),
    );
    return shared.map((table, index) =>
      several && behind(table) > 0
        ? paint('yellow', `    ${texts[index]?.trimEnd()}`)
        : `    ${texts[index]?.trimEnd()}`,
    );
  }

  function changeDue(status: Status, pending: NonNullable<Status['pending']>): string {
    return removesLater(status)
      ? `later: ${pendingText(pending)}`
      : paint('yellow', pendingText(pending));
  }

  function block({ name, status, why, pod }: Found): readonly string[] {
    if (status === null) {
      const colour = pod === undefined ? 'red' : 'dim';
      return [`${paint('bold', name)}  ${paint(colour, why ?? 'no answer')}`];
    }
    const { haproxy, members, section, pending, lastChange, lastFailure, troubles = [] } = status;
    const isReady = status.ready
      ? paint('green', 'ready')
      : paint('yellow', `not ready: ${status.reasons.join('; ')}`);
    const ready = pod === undefined ? isReady : `${isReady}, ${pod}`;
    const fact = (label: string, text: string) => `  ${label.padEnd(14)}${text}`;
    const backends = backendFacts(status.backends ?? []);
    const shown = (all: typeof backends) =>
      all.map(({ label, text, bad }) => fact(label, bad ? paint('yellow', text) : text));
    const reloads = `${haproxy.reloads ?? '?'} ${haproxy.reloads === 1 ? 'reload' : 'reloads'}`;
    const trouble = () => troubles.map((each) => fact('trouble', paint('yellow', each)));
    if (status.mode === 'backends') {
      const runs =
        haproxy.version === null
          ? paint('red', 'does not answer')
          : `${haproxy.version}, ${reloads}; without peers; haproxy-peer-sync ${status.version}`;
      const first = `${paint('bold', status.name)}  ${ready}`;
      return [first, fact('haproxy', runs), ...shown(backends), ...trouble()];
    }
    const resync =
      status.resync === null ? paint('red', 'HAProxy does not answer') : resyncWords[status.resync];
    const lessons = lessonsFact(status, nowMs);
    const lines = [
      `${paint('bold', status.name)}  ${status.address}  ${ready}`,
      fact('haproxy', `${haproxy.version ?? 'unknown version'}, ${reloads}; ${resync}`),
      fact(
        'members',
        `${members.synced ? members.names.length : 'not known yet'}; section ${section?.name ?? '?'} has ${section?.entries ?? '?'} peers; haproxy-peer-sync ${status.version}`,
      ),
      ...(status.trust === undefined
        ? []
        : [fact('links', `with the sidecars of the others, ${trustWords[status.trust]}`)]),
      ...members.notes.map((note) => fact('note', paint('yellow', note))),
      ...shown(status.snapshot === undefined ? [] : snapshotFacts(status.snapshot, nowMs)),
      ...(lessons === null
        ? []
        : [fact('lessons', lessons.bad ? paint('yellow', lessons.text) : lessons.text)]),
      ...shown([...backends, ...aggregateFacts(status.aggregate)]),
      ...trouble(),
      fact('change', pending === null ? 'none is due' : changeDue(status, pending)),
      fact('last change', lastChange === null ? 'none' : changeText(lastChange, nowMs)),
    ];
    if (lastFailure !== null) {
      const ago = formatDuration(Math.max(0, Math.round((nowMs - lastFailure.atMs) / 1000) * 1000));
      lines.push(fact('last failure', `${lastFailure.code}, ${ago} ago`));
    }
    return [...lines, '  peers', ...peers(status), '  tables', ...tables(status)];
  }

  return `${found.map((each) => block(each).join('\n')).join('\n\n')}\n`;
}
