import type { ResyncState } from '../../../model/peers-state.ts';

/** A table: how many entries it can hold, and how many it holds. */
export interface Held {
  readonly used: number;
  readonly size: number;
}

/** How much a replica holds, by name of the table. Tables that are not shared are left out. */
export type Holdings = ReadonlyMap<string, Held>;

export interface Holder {
  readonly name: string;
  /** This replica has a live session with it. */
  readonly connected: boolean;
  /** It is being deleted. */
  readonly leaving?: boolean;
  readonly resync: ResyncState;
  readonly tables: Holdings;
  /** It has become ready with all entries that others hold, so its count is complete. Missing: no. */
  readonly complete?: boolean;
}

/** A sibling that was asked and did not answer. */
export interface Mute {
  readonly name: string;
  readonly connected: boolean;
  readonly leaving?: boolean;
  /** As `Member.serving`. */
  readonly serving?: boolean | undefined;
}

export interface RepairInput {
  /** Siblings that run in the other `--mode`, are not leaving, and that there is no session with (`--relay-upgrade`). */
  readonly inOtherMode: readonly string[];
  /** In relay mode: those whose sidecars know each other by something else (`--relay-trust`), and are not leaving. */
  readonly withOtherTrust?: readonly string[];
  /** False: what others hold does not matter (--no-repair). Missing: it does. */
  readonly compares?: boolean | undefined;
  readonly own: {
    readonly resync: ResyncState;
    readonly tables: Holdings;
  };
  /** Siblings that answered with what they hold. The others are in `mute`. */
  readonly siblings: readonly Holder[];
  /** Siblings that were asked and did not answer. */
  readonly mute: readonly Mute[];
  /** The smallest result of `gapOf` so far, and for how many checks in a row it has not become smaller. */
  readonly gapBefore: number | null;
  readonly stalledLooks: number;
  /** Hard-reloads so far. */
  readonly attempts: number;
  /** False once HAProxy has rejected the command (before 2.9). */
  readonly possible: boolean;
  readonly startedAtMs: number;
  readonly limitMs: number;
  /** How long to wait until running siblings are connected, because what is written here would not reach them. */
  readonly connectLimitMs: number;
}

export type WaitsFor =
  | 'one mode'
  | 'a peer that is still learning'
  | 'entries'
  | 'a session'
  | 'another look'
  | 'an answer from peers';

export type RepairDecision =
  /** Nothing is missing: this pod may become ready. */
  | { readonly kind: 'complete' }
  /**
   * The time is over without an answer about what exists: from siblings that are ready (`unheard`), or that may not
   * even run (`unmet`).
   */
  | { readonly kind: 'unheard' | 'unmet'; readonly reasons: readonly string[] }
  | { readonly kind: 'wait'; readonly for: WaitsFor; readonly reasons: readonly string[] }
  | { readonly kind: 'repair' | 'give-up'; readonly reasons: readonly string[] };

/**
 * When a full table is written to, HAProxy drops the oldest `size >> 8` entries and one more (2.4 to 3.0,
 * src/stick_table.c, __stksess_new; measured exactly with 2.6 and 3.0), so the count varies by as many. 3.4 drops one.
 */
function swing(size: number): number {
  return Math.floor(size / 256) + 1;
}

/**
 * Whether a table is about full. Some entries expire or are on their way, and dropped ones are counted for a moment
 * longer.
 */
function isFull({ used, size }: Held): boolean {
  return used >= size - swing(size) - Math.max(1, size * 0.001);
}

/**
 * How many of a sibling's entries may be missing here without a fault, although our count was taken later: entries
 * that expire, and if a sibling taught this pod (`learned`), entries that stayed on one replica at its reload, 0 to
 * 60. When 27 pods joined at once on two cores, one was taught 39,306 of 40,000 and considered itself finished.
 */
function allowed(theirs: Held, own: Own): number {
  const { used } = theirs;
  const tolerance = own.resync === 'learned' ? Math.max(64, used * 0.001) : used * 0.01;
  // Entries that it had dropped before it taught us are missing here, although it may have room for more by now.
  return isFull(theirs) ? tolerance + swing(theirs.size) : tolerance;
}

const attemptLimit = 2;
/** If the gap shrinks by less than this from one check to the next, it does not close. */
const progress = 0.02;
const stalledLimit = 3;

/** How many entries more the sibling that is furthest ahead holds, if that is more than allowed. */
export function gapOf({ own, siblings }: Pick<RepairInput, 'own' | 'siblings'>): number {
  return Math.max(0, ...ahead(own, siblings).map((sibling) => gap(sibling, own)));
}

/** Whether the gap shrinks. Under traffic, counts grow on both sides. */
export function shrinks(gapNow: number, gapBefore: number | null): boolean {
  return gapBefore !== null && gapNow <= gapBefore * (1 - progress);
}

/**
 * Has this pod missed the tables that its siblings hold? HAProxy asks for them only once, at its start. A pod that no
 * sibling knew then, or that asked a sibling during that sibling's own resync, stays without them (haproxy
 * src/peers.c, process_peer_sync). Only for a pod that was never ready, because the repair replaces the worker.
 */
export function repair(input: RepairInput, nowMs: number): RepairDecision {
  const { own, siblings, inOtherMode, withOtherTrust = [] } = input;
  if (inOtherMode.length + withOtherTrust.length > 0) {
    // Without a limit: a rolling update would go on, and what they hold would be gone with the last of them.
    const run = (names: readonly string[], how: string, cure = '') =>
      names.length === 0
        ? []
        : [`${names.join(', ')} run ${how}, and share no entry with this pod${cure}`];
    const reasons = [
      ...run(
        inOtherMode,
        'in the other --mode',
        ': with --relay-upgrade those in relay mode connect to the others, with the --peers-tls that these have',
      ),
      ...run(withOtherTrust, 'with another --relay-trust'),
    ];
    return { kind: 'wait', for: 'one mode', reasons };
  }
  if (input.compares === false) return { kind: 'complete' };
  const elapsed = nowMs - input.startedAtMs;
  const late = elapsed >= input.limitMs;
  const fuller = ahead(own, siblings);
  if (fuller.length === 0) return fullEnough(input, elapsed);
  const reasons = fuller.map((sibling) => differs(sibling, own));
  const connected = fuller.some((sibling) => sibling.connected);
  if (!input.possible || input.attempts >= attemptLimit) return { kind: 'give-up', reasons };
  if (late) return { kind: connected && input.attempts === 0 ? 'repair' : 'give-up', reasons };
  if (!connected) {
    return { kind: 'wait', for: 'a session', reasons: [...reasons, 'but is not connected'] };
  }
  if (shrinks(gapOf(input), input.gapBefore)) {
    return { kind: 'wait', for: 'entries', reasons: [...reasons, 'and entries are coming in'] };
  }
  if (input.stalledLooks < stalledLimit) return { kind: 'wait', for: 'another look', reasons };
  return { kind: 'repair', reasons };
}

/** No sibling with a finished resync holds more. Others may still learn more than this pod, or not know this pod. */
function fullEnough(input: RepairInput, elapsed: number): RepairDecision {
  const { own, siblings, connectLimitMs, limitMs } = input;
  const silence = unheard(input, elapsed);
  if (silence !== null) {
    const { names: silent, end, enough } = silence;
    const reasons = [`not connected, and no answer about what they hold: ${silent}`];
    return enough ? { kind: end, reasons } : { kind: 'wait', for: 'an answer from peers', reasons };
  }
  if (elapsed >= limitMs) return { kind: 'complete' };
  const learning = siblings.filter(({ resync, tables }) => resync === 'pending' && some(tables));
  // A pod that asked a sibling which was itself still learning got at most a part of its tables.
  if (own.resync !== 'learned' && learning.length > 0) {
    const reasons = [`${names(learning)} may hold entries and has not finished its resync`];
    return { kind: 'wait', for: 'a peer that is still learning', reasons } as const;
  }
  const apart = siblings.filter(
    ({ connected, resync, leaving }) => !connected && resync !== 'pending' && leaving !== true,
  );
  if (apart.length === 0 || elapsed >= connectLimitMs) return { kind: 'complete' } as const;
  return { kind: 'wait', for: 'a session', reasons: [`not connected: ${names(apart)}`] } as const;
}

/**
 * Is no sibling heard that knows what replicas hold, although one may exist? This happens if a port is closed between
 * an old and a new revision: the new pods only know each other, and all are equally empty.
 */
function unheard(input: RepairInput, elapsed: number) {
  const { own, siblings, mute, limitMs, connectLimitMs } = input;
  const holds = some(own.tables);
  // A pod that was taught by another empty pod has learned nothing.
  const taught = own.resync === 'learned' && holds;
  const heard =
    siblings.some(({ complete }) => complete === true) ||
    mute.some(({ connected, serving }) => connected && (taught || serving === true));
  if (heard) return null;
  const silent = mute.filter(
    ({ connected, leaving, serving }) => !connected && leaving !== true && serving !== false,
  );
  const certain = silent.filter(({ serving }) => serving === true);
  if (certain.length > 0) {
    return { names: names(certain), end: 'unheard', enough: elapsed >= limitMs } as const;
  }
  // Siblings that are as empty as this pod, or do not answer yet, may be as new, and may know only each other.
  const met = siblings.some(({ tables }) => some(tables));
  if (silent.length === 0 || met || holds) return null;
  // A list may name replicas that are switched off. So wait only as long as HAProxy takes to retry, or each start
  // would be slow.
  const enough = elapsed >= Math.min(connectLimitMs, limitMs);
  return { names: names(silent), end: 'unmet', enough } as const;
}

function some(tables: Holdings): boolean {
  return [...tables.values()].some(({ used }) => used > 0);
}

function names(siblings: readonly { readonly name: string }[]): string {
  return siblings.map(({ name }) => name).join(', ');
}

type Own = RepairInput['own'];

function ahead(own: Own, siblings: readonly Holder[]): readonly Holder[] {
  return siblings.filter((sibling) => sibling.resync !== 'pending' && gap(sibling, own) > 0);
}

/** Summed over all tables that both have: the entries missing here beyond the tolerance. */
function gap(sibling: Holder, own: Own): number {
  let sum = 0;
  for (const [table, theirs] of sibling.tables) {
    const held = own.tables.get(table);
    // A full table cannot hold more.
    if (held === undefined || isFull(held)) continue;
    const lacking = theirs.used - held.used;
    if (held.used === 0 ? lacking > 0 : lacking > allowed(theirs, own)) sum += lacking;
  }
  return sum;
}

function differs(sibling: Holder, own: Own): string {
  const tables = [...sibling.tables]
    .map(([table, { used }]) => ({ table, used, held: own.tables.get(table)?.used ?? used }))
    .filter(({ used, held }) => used > held)
    .map(({ table, used, held }) => `${used} entries of ${table}, this pod ${held}`);
  return `${sibling.name} holds ${tables.join('; ')}`;
}
