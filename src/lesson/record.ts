import { breathe, repeat } from '../clock.ts';
import { converse } from '../modules/relay/legs/converse.ts';
import { type Leg, type LegOptions, openLeg } from '../modules/relay/legs/open-leg.ts';
import { resetSlot } from '../modules/relay/legs/reset-slot.ts';
import { type Frame, frames } from '../modules/relay/wire/frames.ts';
import {
  acks,
  control,
  controlTypes,
  error,
  heartbeat,
  resyncConfirm,
  resyncFinished,
  resyncPartial,
  resyncRequest,
} from '../modules/relay/wire/messages.ts';
import { createChoice, type Written } from './choice.ts';
import type { LessonChunk, LessonFailure } from './chunk.ts';
import { UnreadableLesson } from './definition.ts';
import { hear, isFailure } from './hearing.ts';
import { breathAfter, createPassage } from './passage.ts';
import { createPieces } from './pieces.ts';

export interface RecordOptions extends LegOptions {
  /** How many stick tables HAProxy has in this section, or more. */
  readonly tables: number;
  /** How long HAProxy may send nothing of the lesson. */
  readonly silentMs: number;
  /** Milliseconds: the clock of the chunks. */
  readonly now: () => number;
  /**
   * As the last recording ended. HAProxy pushes what it has written behind that once more after the lesson, and all of it where this is
   * missing (2.6: always). Of another worker, or too high, it is no harm: what is written during the lesson always comes behind it.
   */
  readonly written?: Written;
}

export type Recorded =
  | {
      readonly kind: 'whole';
      readonly entries: number;
      readonly bytes: number;
      readonly written: Written;
    }
  | LessonFailure;

/** HAProxy closes a session that says nothing for 5 s (PEER_RECONNECT_TIMEOUT). */
const heartbeatMs = 1000;
/** One million entries take about a second. */
const restLimitMs = 60_000;

/**
 * Asks HAProxy for all that it holds, as a peer that has started does, and hands it out piece by piece; HAProxy waits while `take`
 * has not finished with one, and its bytes are good until then. What is written meanwhile is in it, too, behind the rest: an entry may come twice, and the last one
 * counts. Only `whole` means that nothing is missing. Never throws.
 */
export async function recordLesson(
  options: RecordOptions,
  take: (chunk: LessonChunk) => Promise<void> | void,
): Promise<Recorded> {
  const { written: confirmed } = options;
  if (!(await resetSlot({ ...options, ...(confirmed && { confirmed }) })))
    return { kind: 'refused', why: `slot ${options.slot} could not be reset` };
  const opened = await openLeg(options);
  if (opened.kind !== 'up') return { kind: 'refused', why: opened.why };
  const { leg } = opened;
  const stop = repeat(() => leg.write(heartbeat), heartbeatMs);
  try {
    const recorded = await follow(leg, options, take);
    if (recorded.kind === 'whole') await confirm(leg, options, recorded.written);
    return recorded;
  } catch (thrown) {
    const kind = thrown instanceof UnreadableLesson ? 'broken' : 'consumer';
    return { kind, why: thrown instanceof Error ? thrown.message : String(thrown) };
  } finally {
    stop();
    leg.close();
    await leg.closed;
  }
}

/** Else the next session in this slot, also one that only resets it, begins with all that HAProxy has written. */
async function confirm(leg: Leg, options: RecordOptions, written: Written): Promise<void> {
  leg.write(acks(written));
  leg.finishWriting();
  leg.resume();
  // HAProxy reads all that was said before it closes.
  await converse(leg, { ...options, hear: () => undefined });
}

async function follow(
  leg: Leg,
  { silentMs, now, signal, written: before = new Map() }: RecordOptions,
  take: (chunk: LessonChunk) => Promise<void> | void,
): Promise<Recorded> {
  const passage = createPassage();
  const hearing = hear(leg, signal);
  const { choose, written } = createChoice(before);
  let phase: keyof typeof choose = 'lesson';
  let size = 0;
  let lastMs = now();
  let restSinceMs = Number.POSITIVE_INFINITY;
  leg.write(resyncRequest);

  /** What a control message means for the lesson; null: nothing. */
  function controlled({ type }: Frame): 'whole' | LessonFailure | null {
    if (type === controlTypes.resyncRequest) {
      leg.write(resyncPartial);
      return { kind: 'partial', why: 'HAProxy still learns itself' };
    }
    if (type === controlTypes.resyncPartial) {
      leg.write(resyncConfirm);
      return { kind: 'partial', why: 'HAProxy says that it has taught a part' };
    }
    if (type === controlTypes.resyncFinished) {
      phase = 'rest';
      restSinceMs = now();
      // It confirms the second one when it has sent what was written meanwhile (peer_send_msgs).
      leg.write(Buffer.concat([resyncConfirm, resyncFinished]));
    }
    return type === controlTypes.resyncConfirm && phase === 'rest' ? 'whole' : null;
  }

  for (;;) {
    const heard = await hearing.next(Math.max(1, lastMs + silentMs - now()));
    if (isFailure(heard)) return heard;
    const atMs = now();
    if (atMs - restSinceMs > restLimitMs)
      return { kind: 'silent', why: `HAProxy has not come to an end within ${restLimitMs} ms` };
    const pieces = createPieces(heard.bytes);
    let hasPassed = false;
    let end: 'whole' | LessonFailure | null = null;
    let messages = 0;
    for (const frame of frames(heard.bytes)) {
      messages += 1;
      if (messages % breathAfter === 0) await breathe();
      if (frame.class === error)
        return { kind: 'broken', why: 'HAProxy does not understand this sidecar' };
      if (frame.class === control) {
        end = controlled(frame);
        if (end !== null) break;
        continue;
      }
      if (passage.passOne(heard.bytes, frame, choose[phase], pieces)) hasPassed = true;
      lastMs = atMs;
    }
    const bytes = pieces.joined();
    size += bytes.length;
    if (bytes.length > 0) await take({ bytes, atMs });
    // What HAProxy has ready is read without a pause between.
    await breathe();
    if (end === 'whole') return { kind: 'whole', entries: passage.passed, bytes: size, written };
    if (end !== null) return end;
    // The time that `take` has used is not HAProxy's.
    if (hasPassed) lastMs = now();
  }
}
