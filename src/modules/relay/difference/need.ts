import type { View } from '../pairing/view.ts';

export interface NeedInput {
  /** Null: it does not answer. */
  readonly mine: View | null;
  readonly theirs: View | null;
  /** For how long each of the two has held all that there was to learn, in milliseconds. */
  readonly mineSettledMs: number;
  /** Null: the other side has not said it yet, or is of a version that has no such lessons. */
  readonly theirsSettledMs: number | null;
  /** For how long there has been the link, in milliseconds. */
  readonly linkedMs: number;
  /** The shorter of what the two say (`Whole.ms`). */
  readonly wholeMs: number;
  /** There was a link between the two pods before, which has ended: one of the two sidecars knows of it. */
  readonly hadLink: boolean;
  /** Over this link it was decided before, with another worker of one of the two. */
  readonly again: boolean;
  /** Since it was decided for these two workers, their session has ended and begun anew. Missing: that is not looked at. */
  readonly parted?: boolean;
  /** A pod that has just joined is compared, too: whom it has learned from may have lacked what a reload had taken. Missing: it is not. */
  readonly joiners?: boolean;
}

export type Need =
  | { readonly kind: 'needed'; readonly why: string; readonly afterMs: number }
  /** It cannot be said yet. */
  | { readonly kind: 'later'; readonly why: string }
  /** Not over this link. */
  | { readonly kind: 'never'; readonly why: string };

/** A pod that has just learned everything is linked with all others within this time, unless the network is split. */
const joiningMs = 5000;

/** So that the session, which began with the link, is through with what it owes. */
const linkedMs = 1000;
/** After a reload all is taught first (debt.ts). */
const reloadedMs = 5000;
/** The same in reload mode, where sessions are waited for until they have lasted for 2 s. */
const settledReloadMs = 3000;

/**
 * One of the two has just learned all from one of the others. It may take long until there is a session, where many join at the same time and have little
 * of the processor: 27 that joined three would compare each with each. The link was there in time then, and nobody whose session had still
 * to come has gone since, nor was reloaded.
 */
function hasJustJoined(input: NeedInput, theirsSettledMs: number): boolean {
  const joinedMs = Math.min(input.mineSettledMs, theirsSettledMs);
  if (joinedMs < joiningMs) return true;
  const wasLinkedInTime = joinedMs - input.linkedMs < joiningMs;
  return wasLinkedInTime && input.wholeMs >= joinedMs && input.joiners !== true;
}

/**
 * Whether our HAProxy is to be compared with the other one. A new link tells nothing of what was written before it by pods that are gone
 * or workers that were reloaded, nor which of two values is the newer one. A reload can have taken what its last session was about to
 * send. A pod that has just joined, or whose HAProxy was started anew, has learned all from one of the others.
 */
export function differenceNeed(input: NeedInput): Need {
  const { mine, theirs, theirsSettledMs, hadLink, again, joiners } = input;
  if (mine === null || theirs === null)
    return { kind: 'later', why: 'HAProxy of one of the two does not answer' };
  for (const view of [mine, theirs]) {
    if (view.learned) continue;
    return view.fresh && !hadLink && !again && joiners !== true
      ? { kind: 'never', why: 'HAProxy of one of the two has just started, and learns all' }
      : { kind: 'later', why: 'HAProxy of one of the two still learns' };
  }
  if (theirsSettledMs === null)
    return { kind: 'later', why: 'the peer has not said how it stands' };
  const isReload = again && !(mine.fresh && theirs.fresh);
  const afterMs = joiners === true ? settledReloadMs : reloadedMs;
  if (isReload) return { kind: 'needed', why: 'HAProxy of one of the two was reloaded', afterMs };
  if (again) {
    const why = 'HAProxy of one of the two was started anew';
    return joiners === true ? { kind: 'needed', why, afterMs } : { kind: 'never', why };
  }
  if (input.parted === true)
    return { kind: 'needed', why: 'the session was away', afterMs: linkedMs };
  if (!hadLink && hasJustJoined(input, theirsSettledMs)) {
    const why = 'one of the two has just joined';
    return joiners === true ? { kind: 'needed', why, afterMs } : { kind: 'never', why };
  }
  const why = 'the link is new: what was written before it may be missing';
  return { kind: 'needed', why, afterMs: linkedMs };
}

/** A lesson that took something, or left something to the session, is followed by another one, which finds what is still missing. */
const roundsAtMost = 3;
const followingMs = 1000;
const retryBaseMs = 500;
const retryCapMs = 60_000;

/** How far the lessons over one link have come. */
export interface Progress {
  readonly rounds: number;
  /** In a row. */
  readonly failures: number;
}

/** How long to wait for the next one; null: none is needed any more. `open`: entries that the last one took, or left to the session. `random`: from 0 to 1, so that two do not meet again and again. */
export function nextLessonMs({ rounds, failures }: Progress, open: number, random: number) {
  if (failures > 0)
    return Math.min(retryCapMs, retryBaseMs * 2 ** (failures - 1)) * (0.5 + random / 2);
  return open > 0 && rounds < roundsAtMost ? followingMs : null;
}
