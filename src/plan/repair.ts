import type { ResyncState } from '../model/peers-state.ts';

/** Entries by table, of the tables that peers share. */
export type Holdings = ReadonlyMap<string, number>;

export interface Holder {
  readonly name: string;
  /** We have a live session with it. */
  readonly connected: boolean;
  readonly resync: ResyncState;
  readonly tables: Holdings;
}

export interface RepairInput {
  readonly own: {
    readonly resync: ResyncState;
    readonly tables: Holdings;
    /** A full table holds what it can. */
    readonly full: ReadonlySet<string>;
  };
  /** Siblings that told what they hold; the others are not here. */
  readonly siblings: readonly Holder[];
  /** What we held when we looked last, or null. Growing is a reason to wait. */
  readonly before: Holdings | null;
  /** Hard-reloads so far. */
  readonly attempts: number;
  /** False once HAProxy has said that it does not know the command (before 2.9). */
  readonly possible: boolean;
  readonly startedAtMs: number;
  readonly limitMs: number;
}

export type RepairDecision =
  /** As full as it gets: this pod may become ready. */
  | { readonly kind: 'complete' }
  | { readonly kind: 'wait' | 'repair' | 'give-up'; readonly reasons: readonly string[] };

/** What expires, and what is written while the counts travel: less than this share is no difference. */
const tolerance = 0.1;
const attemptLimit = 2;

/**
 * Has this pod missed the tables that its siblings hold? HAProxy asks for them once, at its start; a pod that nobody
 * knew then, or that asked a sibling in the middle of its own resync, has nothing, for ever (haproxy src/peers.c,
 * process_peer_sync). Only for a pod that was never ready: the cure throws the worker away.
 */
export function repair(input: RepairInput, nowMs: number): RepairDecision {
  const { own, siblings } = input;
  const late = nowMs - input.startedAtMs >= input.limitMs;
  const unfinished = siblings.filter(
    ({ resync, tables }) => resync === 'pending' && some(tables, 1),
  );
  const ahead = siblings.filter((sibling) => sibling.resync !== 'pending' && isAhead(sibling, own));
  if (ahead.length === 0) {
    // Who asked a sibling that was itself learning got a part of its tables at the most.
    if (own.resync !== 'alone' || unfinished.length === 0 || late) return { kind: 'complete' };
    const who = unfinished.map(({ name }) => name).join(', ');
    return { kind: 'wait', reasons: [`${who} may hold entries and has not finished its resync`] };
  }
  const reasons = ahead.map((sibling) => differs(sibling, own.tables));
  if (!input.possible) return { kind: 'give-up', reasons };
  if (late) return { kind: 'give-up', reasons };
  if (input.before !== null && grows(own.tables, input.before)) {
    return { kind: 'wait', reasons: [...reasons, 'and entries are coming in'] };
  }
  if (!ahead.some(({ connected }) => connected)) {
    return { kind: 'wait', reasons: [...reasons, 'but is not connected'] };
  }
  if (input.attempts >= attemptLimit) return { kind: 'give-up', reasons };
  // The first look has nothing to compare with: whether entries are coming in shows the next.
  if (input.before === null) return { kind: 'wait', reasons };
  return { kind: 'repair', reasons };
}

function some(tables: Holdings, least: number): boolean {
  return [...tables.values()].some((used) => used >= least);
}

function lacks(table: string, used: number, own: RepairInput['own']): boolean {
  const held = own.tables.get(table);
  return held !== undefined && !own.full.has(table) && used - held > tolerance * used;
}

function isAhead(sibling: Holder, own: RepairInput['own']): boolean {
  return [...sibling.tables].some(([table, used]) => lacks(table, used, own));
}

function grows(tables: Holdings, before: Holdings): boolean {
  return [...tables].some(([table, used]) => used > (before.get(table) ?? 0));
}

function differs(sibling: Holder, own: Holdings): string {
  const tables = [...sibling.tables]
    .filter(([table, used]) => used > (own.get(table) ?? used))
    .map(([table, used]) => `${used} entries of ${table}, this pod ${own.get(table)}`);
  return `${sibling.name} holds ${tables.join('; ')}`;
}
