/*
 * Of all connections between two sidecars one becomes their link. The side with the lower uid decides, alone, so both
 * always mean the same one: it offers a connection by a number (`take`), the other has it from then on and says so
 * (`taken`), and only then it is the link for the side that decides. Where both decided by one rule, as routes of NATS
 * do, each could close what the other keeps while greetings cross (nats-server #547, #1399).
 */

import type { ChoiceCode } from './codes.ts';
import type { Mark } from './greeting.ts';

/** A connection on which both have greeted, and each has accepted the other. */
export interface Candidate {
  /** One connection, of this side. */
  readonly id: number;
  /** Which run of the other sidecar it is with. */
  readonly start: string;
  /** By us. */
  readonly dialled: boolean;
  readonly attempt: number;
  /** Of the greeting heard. */
  readonly lost?: Mark | undefined;
}

export interface Current {
  readonly candidate: Candidate;
  readonly number: number;
  /** False: offered, and the other has not answered. */
  readonly up: boolean;
}

/** What is known of the connections with one other sidecar. */
export interface Agreement {
  readonly decides: boolean;
  readonly ownStart: string;
  /** The newest run of the other, by what greeted last. */
  readonly otherStart: string | undefined;
  readonly current: Current | undefined;
  readonly candidates: readonly Candidate[];
  /** Of the side that decides: the last number given. Of the other: the last one taken. */
  readonly number: number;
}

export type Act =
  | { readonly kind: 'take' | 'taken'; readonly id: number; readonly number: number }
  /** It is the link now. */
  | { readonly kind: 'up'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number; readonly reason: ChoiceCode };

export interface Step {
  readonly agreement: Agreement;
  readonly acts: readonly Act[];
}

/** Before anything was heard. The two uids differ. */
export function newAgreement(own: { uid: string; start: string }, otherUid: string): Agreement {
  return {
    decides: own.uid < otherUid,
    ownStart: own.start,
    otherStart: undefined,
    current: undefined,
    candidates: [],
    number: 0,
  };
}

function closes(candidates: readonly Candidate[], reason: ChoiceCode): readonly Act[] {
  return candidates.map(({ id }) => ({ kind: 'close', id, reason }));
}

function offer(agreement: Agreement, candidate: Candidate): Step {
  const number = agreement.number + 1;
  const candidates = agreement.candidates.filter(({ id }) => id !== candidate.id);
  const current = { candidate, number, up: false };
  return {
    agreement: { ...agreement, current, candidates, number },
    acts: [{ kind: 'take', id: candidate.id, number }],
  };
}

/** What the other side has said that it lost is this link, or a later one. */
function hasLost({ ownStart }: Agreement, { number }: Current, { lost }: Candidate): boolean {
  return lost !== undefined && lost.start === ownStart && lost.number >= number;
}

function isOlder(candidate: Candidate, than: Candidate): boolean {
  return candidate.dialled === than.dialled && candidate.attempt < than.attempt;
}

/** The side that decides has one more connection to choose from. */
function decide(agreement: Agreement, candidate: Candidate): Step {
  const { current } = agreement;
  if (current === undefined) return offer(agreement, candidate);
  const id = current.candidate.id;
  if (hasLost(agreement, current, candidate)) {
    const { agreement: next, acts } = offer(agreement, candidate);
    return { agreement: next, acts: [{ kind: 'close', id, reason: 'lost' }, ...acts] };
  }
  if (current.up) return { agreement, acts: closes([candidate], 'duplicate') };
  if (isOlder(current.candidate, candidate)) {
    const { agreement: next, acts } = offer(agreement, candidate);
    return { agreement: next, acts: [{ kind: 'close', id, reason: 'superseded' }, ...acts] };
  }
  return {
    agreement: { ...agreement, candidates: [...agreement.candidates, candidate] },
    acts: [],
  };
}

/** Both have greeted on one more connection. */
export function greeted(before: Agreement, candidate: Candidate): Step {
  const { start } = candidate;
  const known = [...(before.current ? [before.current.candidate] : []), ...before.candidates];
  const ofOtherRun = known.filter((each) => each.start !== start);
  const rest = before.candidates.filter((each) => each.start === start);
  const older = rest.filter((each) => isOlder(each, candidate));
  const agreement: Agreement = {
    ...before,
    otherStart: start,
    current: before.current?.candidate.start === start ? before.current : undefined,
    candidates: rest.filter((each) => !older.includes(each)),
    number: before.decides || before.otherStart === start ? before.number : 0,
  };
  const cleared = [...closes(ofOtherRun, 'restarted'), ...closes(older, 'superseded')];
  if (rest.some((each) => isOlder(candidate, each)))
    return { agreement, acts: [...cleared, ...closes([candidate], 'superseded')] };
  if (agreement.decides) {
    const { agreement: next, acts } = decide(agreement, candidate);
    return { agreement: next, acts: [...cleared, ...acts] };
  }
  const candidates = [...agreement.candidates, candidate];
  return { agreement: { ...agreement, candidates }, acts: cleared };
}

/** The side that decides has offered this connection. */
export function taken(agreement: Agreement, id: number, number: number): Step {
  const candidate = agreement.candidates.find((each) => each.id === id);
  if (agreement.decides || candidate === undefined) return { agreement, acts: [] };
  const candidates = agreement.candidates.filter((each) => each !== candidate);
  if (number <= agreement.number)
    return { agreement: { ...agreement, candidates }, acts: closes([candidate], 'late') };
  const before = agreement.current === undefined ? [] : [agreement.current.candidate];
  return {
    agreement: { ...agreement, candidates, number, current: { candidate, number, up: true } },
    acts: [...closes(before, 'replaced'), { kind: 'taken', id, number }, { kind: 'up', id }],
  };
}

/** The other side has answered our offer. */
export function confirmed(agreement: Agreement, id: number, number: number): Step {
  const { current, candidates, decides } = agreement;
  if (!decides || current?.candidate.id !== id || current.number !== number || current.up)
    return { agreement, acts: [] };
  return {
    agreement: { ...agreement, current: { ...current, up: true }, candidates: [] },
    acts: [{ kind: 'up', id }, ...closes(candidates, 'duplicate')],
  };
}

/** A connection is no more. */
export function ended(before: Agreement, id: number): Step {
  const candidates = before.candidates.filter((each) => each.id !== id);
  const current = before.current?.candidate.id === id ? undefined : before.current;
  const agreement = { ...before, current, candidates };
  // Our own goes first: nobody else can have given it up.
  const next = candidates.find(({ dialled }) => dialled) ?? candidates.at(-1);
  if (!agreement.decides || current !== undefined || next === undefined)
    return { agreement, acts: [] };
  return offer(agreement, next);
}

/** For our next greeting: the link with that run which is no more. */
export function lostMark(agreement: Agreement | undefined): Mark | undefined {
  if (agreement === undefined || agreement.decides || agreement.current !== undefined)
    return undefined;
  const { otherStart, number } = agreement;
  return otherStart === undefined || number === 0 ? undefined : { start: otherStart, number };
}
