import type { Member } from '../../../model/member.ts';
import type { CloseCode, RefusalCode } from './codes.ts';
import type { Control, Greeting, HeardHello } from './greeting.ts';

/** Bounds of waits, in milliseconds. */
export const waits = {
  /** From the start of a connection to its greeting, TLS included. */
  greeting: 3000,
  /** For discovery to learn of who has greeted. */
  discovery: 5000,
  /** For the other side to answer our greeting; it may have to wait for discovery. */
  answer: 8000,
  /** For an offer to come, or its answer. */
  decision: 8000,
  /** A member that is gone from discovery keeps its link so long: a list may be short once. */
  gone: 10_000,
} as const;

export type Phase =
  /** It is being dialled, or was accepted and has not greeted. */
  | 'opening'
  /** We have greeted, and wait for the other's greeting. */
  | 'answering'
  /** The other has greeted, and is not as discovery knows it. */
  | 'waiting'
  /** Both have greeted. */
  | 'greeted'
  | 'up';

/** One connection, as the mesh knows it. */
export interface Connection {
  readonly id: number;
  /** Of the other side, as `Member.address`. */
  readonly address: string;
  /** The name of the member that we dial. */
  readonly dialled: string | undefined;
  readonly attempt: number;
  phase: Phase;
  deadlineMs: number;
  hello?: HeardHello;
  refusal?: { readonly code: RefusalCode; readonly why: string };
  /** An offer that came while the greeting was still waiting. */
  offered?: number;
  upSinceMs?: number;
  goneSinceMs?: number | undefined;
}

/** Told to the other side, too. */
export const closeTexts: Readonly<Partial<Record<CloseCode, string>>> = {
  restarted: 'the other sidecar was started anew',
  superseded: 'a newer connection of the same side took its place',
  duplicate: 'another connection is the link',
  lost: 'the other side had lost this link',
  replaced: 'another connection has become the link',
  late: 'another connection has become the link since',
  gone: 'it is no member any more',
  moved: 'the member has another uid or address now',
  successor: 'another pod of this name has come',
  timeout: 'no connection came to be in time',
  'no-greeting': 'no greeting came in time',
  'no-answer': 'the greeting was not answered in time',
  'no-offer': 'nothing was agreed in time',
  garbage: 'what came is no greeting',
};

/** What the mesh wants to be done. */
export interface MeshEffects {
  /** Connect to it; then `opened`, or `closed` with an outcome. */
  dial(id: number, member: Member): void;
  send(id: number, control: Control): void;
  /** Close it; `closed` need not be called. */
  close(id: number, code: CloseCode, why: string): void;
  /** It has greeted, and is no stranger. */
  greeted(id: number): void;
  /** It is the link with this one. */
  up(id: number, other: Greeting, dialled: boolean): void;
}
