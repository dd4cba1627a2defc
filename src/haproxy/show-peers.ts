import { lessonLine, pointsAtSelf } from '../model/lesson-line.ts';
import type { PeerState, PeersState, ResyncState } from '../model/peers-state.ts';

/**
 * Section flags (haproxy include/haproxy/peers-t.h 3.0–3.4, src/peers.c 2.4–2.8). The two lowest bits say
 * "local" and "remote" resync finished or given up, in every version; who taught us has moved in 3.0.
 */
const finished = 0x3;
const learned = { old: 0x100 | 0x200, new: 0x01000000 | 0x02000000 } as const;
/** The old worker of the same master has taught everything; and the lowest bit: it was tried, whatever came of it. */
const taughtByOld = { old: 0x100, new: 0x01000000 } as const;
/** Bits that only the respective layout sets, and that are always set at the end of a resync or on the way. */
const onlyOld = 0x0000fff0;
const onlyNew = 0xfff00000;

interface Block {
  readonly head: string;
  readonly peers: string[];
  readonly tables: Set<string>;
}

function blocks(text: string): readonly Block[] {
  const result: Block[] = [];
  for (const line of text.split('\n')) {
    if (/^0x[0-9a-f]+: /.test(line)) result.push({ head: line, peers: [], tables: new Set() });
    else if (/^ {2}0x[0-9a-f]+: id=/.test(line)) result.at(-1)?.peers.push(line);
    const table = /^ {14}table:0x[0-9a-f]+ id=(\S+)/.exec(line)?.[1];
    if (table !== undefined) result.at(-1)?.tables.add(table);
  }
  return result;
}

function resyncOf(flagsText: string | undefined, modern: boolean): ResyncState {
  if (flagsText === undefined) return 'unknown';
  const flags = Number.parseInt(flagsText, 16);
  // A flag word of the other layout is a format of the future: unknown, never finished.
  if ((flags & (modern ? onlyOld : onlyNew)) !== 0) return 'unknown';
  if ((flags & finished) !== finished) return 'pending';
  return (flags & (modern ? learned.new : learned.old)) !== 0 ? 'learned' : 'alone';
}

function handedOverOf(flagsText: string | undefined, modern: boolean): boolean | undefined {
  const flags = Number.parseInt(flagsText ?? '', 16);
  if (Number.isNaN(flags) || resyncOf(flagsText, modern) === 'unknown') return undefined;
  if ((flags & (modern ? taughtByOld.new : taughtByOld.old)) !== 0) return true;
  return (flags & 0x1) !== 0 ? false : undefined;
}

function peerOf(line: string): PeerState | null {
  const match =
    /id=(?<name>\S+?)\((?<side>local|remote),(?<activity>\w+)\) addr=(?<address>\S+)/.exec(line);
  const status = /\b(?:last_status|status)=(?<status>\w+)/.exec(line)?.groups?.status;
  if (match?.groups === undefined || status === undefined) return null;
  const { name = '', side, activity, address = '' } = match.groups;
  const established = side === 'remote' && activity === 'active' && status === 'ESTA';
  const sessionSeconds = secondsOf(/\blast_hdshk=(\S+)/.exec(line)?.[1]);
  return {
    name,
    local: side === 'local',
    address,
    established,
    lastStatus: status,
    ...(sessionSeconds === undefined ? {} : { sessionSeconds }),
  };
}

/** `<NEVER>`, or the two greatest units of `1d2h3m4s` (haproxy src/tools.c, human_time). */
function secondsOf(age: string | undefined): number | undefined {
  if (age === undefined || !/^(\d+[dhms]){1,2}$/.test(age)) return undefined;
  const unit = { d: 86_400, h: 3600, m: 60, s: 1 } as const;
  const parts = [...age.matchAll(/(\d+)([dhms])/g)];
  return parts.reduce((sum, part) => sum + Number(part[1]) * unit[part[2] as keyof typeof unit], 0);
}

/** As HAProxy shows it, `ADDR:PORT` without brackets. */
function endpointOf(shown: string) {
  const colon = shown.lastIndexOf(':');
  return { address: shown.slice(0, colon), port: Number(shown.slice(colon + 1)) };
}

/** Whether it is the line for lessons: it has their name, and the address of this HAProxy itself. */
function isLesson({ name, local, address }: PeerState, all: readonly PeerState[]): boolean {
  if (name !== lessonLine || local) return false;
  const listens = all.filter((peer) => peer.local).map((peer) => endpointOf(peer.address));
  return pointsAtSelf(endpointOf(address), listens);
}

function stateOf({ head, peers, tables }: Block): PeersState | null {
  const section = /\bid=(\S+)/.exec(head)?.[1];
  if (section === undefined) return null;
  const states = peers.map(peerOf);
  const readable = states.filter((state) => state !== null);
  // From 3.0 every peer has learn_state; before, none has.
  const modern = peers.some((line) => / learn_state=/.test(line));
  const flags = /\bflags=0x([0-9a-fA-F]+)/.exec(head)?.[1];
  const complete = readable.length === states.length && readable.length > 0;
  const members = readable.filter((peer) => !isLesson(peer, readable));
  return {
    section,
    resync: complete ? resyncOf(flags, modern) : 'unknown',
    handedOver: complete ? handedOverOf(flags, modern) : undefined,
    localName: readable.find((state) => state.local)?.name ?? null,
    peers: members,
    ...(members.length < readable.length ? { hasLesson: true as const } : {}),
    tables: [...tables],
  };
}

/** The answer to `show peers` of HAProxy 2.4 to 3.4, one state per section. Sections it cannot read are `unknown`. */
export function parseShowPeers(text: string): readonly PeersState[] {
  return blocks(text)
    .map(stateOf)
    .filter((state) => state !== null);
}
