import type { LastUpdate } from '../wire/update-ids.ts';
import type { View } from './view.ts';

/** How far our HAProxy had written of its own accord, by table; those that it had nothing of for the other one are missing. */
export type Marks = ReadonlyMap<string, LastUpdate>;

/** What our HAProxy sends first in a session, of what it has written itself. */
export type Beginning =
  /** What the other one has not confirmed. */
  | { readonly kind: 'unconfirmed' }
  /** All of it. */
  | { readonly kind: 'all' }
  /** What was written behind the marks, and all of these tables. */
  | { readonly kind: 'marks'; readonly marks: Marks; readonly allOf: readonly string[] };

/**
 * A session that began behind marks. What is before them has no time of its own in the session, so it would be put over newer values of
 * the other one (relay fact R12). A comparison brings it, which tells the newer one by when it expires.
 */
export interface Marked {
  readonly mine: string;
  readonly theirs: string;
  readonly marks: Marks;
  readonly state: /** The other side has not compared yet. */
    | { readonly kind: 'open' }
    /** These tables cannot be compared, so HAProxy is to send all of them, as of any peer. Null: no table can. */
    | { readonly kind: 'left'; readonly tables: readonly string[] | null }
    | { readonly kind: 'done' };
}

/** What the other side says when its comparisons have come to an end. */
export interface Compared {
  /** Tables that cannot be compared. */
  readonly left: readonly string[];
  /** Why it could not compare; null: it has. */
  readonly why: string | null;
}

/** So long after the session a comparison is waited for, in milliseconds: then all is sent as if there were none. */
export const comparedWithinMs = 60_000;

export interface BeginningInput {
  readonly mine: View;
  readonly theirs: View;
  readonly marked: Marked | null;
  /** The two are compared when there is a session. */
  readonly willCompare: boolean;
  /** Null: they are not known, because they are not needed, or HAProxy has not said them. */
  readonly marks: Marks | null;
}

function isOf({ marked, mine, theirs }: BeginningInput): boolean {
  return marked?.mine === mine.worker && marked.theirs === theirs.worker;
}

/** New marks are needed to say what the session begins with. */
export function needsMarks(input: Omit<BeginningInput, 'marks'>): boolean {
  return (
    !isOf({ ...input, marks: null }) &&
    input.willCompare &&
    input.mine.entries > 0 &&
    input.theirs.entries > 0
  );
}

/** What the session begins with, and what is remembered of it. */
export function beginning(input: BeginningInput): {
  readonly begins: Beginning;
  readonly marked: Marked | null;
} {
  const { marked, marks, mine, theirs } = input;
  if (needsMarks(input)) {
    if (marks === null) return { begins: { kind: 'all' }, marked: null };
    const open = { kind: 'open' } as const;
    return {
      begins: { kind: 'marks', marks, allOf: [] },
      marked: { mine: mine.worker, theirs: theirs.worker, marks, state: open },
    };
  }
  const begins = { kind: 'unconfirmed' } as const;
  if (marked === null || !isOf(input)) return { begins, marked: null };
  const { state } = marked;
  if (state.kind === 'done') return { begins, marked };
  if (state.kind === 'left' && state.tables === null) return { begins: { kind: 'all' }, marked };
  // What the other one confirms is often a wrong number (relay fact R2), so it is not gone by.
  const allOf = state.kind === 'left' ? (state.tables ?? []) : [];
  return { begins: { kind: 'marks', marks: marked.marks, allOf }, marked };
}

/** There is a session: what the other side could not compare is sent in it. */
export function onPaired(marked: Marked | null): Marked | null {
  if (marked?.state.kind !== 'left') return marked;
  return { ...marked, state: { kind: 'done' } };
}

/** The comparisons of the other side are over, or were waited for in vain; `why`: another session is needed, which begins otherwise. */
export function onCompared(
  marked: Marked | null,
  { left, why }: Compared,
): { readonly marked: Marked | null; readonly why: string | null } {
  if (marked?.state.kind !== 'open') return { marked, why: null };
  if (why !== null) return { marked: { ...marked, state: { kind: 'left', tables: null } }, why };
  const tables = left.filter((name) => marked.marks.has(name));
  if (tables.length === 0) return { marked: { ...marked, state: { kind: 'done' } }, why: null };
  return {
    marked: { ...marked, state: { kind: 'left', tables } },
    why: `tables that cannot be compared: ${tables.join(', ')}`,
  };
}

/** The update that the slot is to go on from, by the number of the table; those that are missing from 0. Null: as it is. */
export function confirmedFor(begins: Beginning): ReadonlyMap<number, number> | null {
  if (begins.kind === 'unconfirmed') return null;
  if (begins.kind === 'all') return new Map();
  return new Map(
    [...begins.marks]
      .filter(([name]) => !begins.allOf.includes(name))
      .map(([, { id, last }]) => [id, last]),
  );
}
