import { breathe, repeat } from '../clock.ts';
import { type Leg, type LegOptions, openLeg } from '../modules/relay/legs/open-leg.ts';
import { resetSlot } from '../modules/relay/legs/reset-slot.ts';
import type { Frame } from '../modules/relay/wire/frames.ts';
import {
  control,
  controlTypes,
  error,
  heartbeat,
  resyncConfirm,
  resyncFinished,
  resyncPartial,
  resyncRequest,
} from '../modules/relay/wire/messages.ts';
import type { LessonChunk, LessonFailure } from './chunk.ts';
import { type Definition, UnreadableLesson } from './definition.ts';
import { hear, isFailure } from './hearing.ts';
import { type Choose, createPassage } from './passage.ts';
import { createTaught, type Taught } from './taught.ts';

export interface RecordOptions extends LegOptions {
  /** How many stick tables HAProxy has in this section, or more. */
  readonly tables: number;
  /** How long HAProxy may send nothing of the lesson. */
  readonly silentMs: number;
  /** Milliseconds: the clock of the chunks. */
  readonly now: () => number;
}

export type Recorded =
  | { readonly kind: 'whole'; readonly entries: number; readonly bytes: number }
  | LessonFailure;

/** HAProxy closes a session that says nothing for 5 s (PEER_RECONNECT_TIMEOUT). */
const heartbeatMs = 1000;
/** One million entries take about a second. */
const restLimitMs = 60_000;

/**
 * Asks HAProxy for all that it holds, as a peer that has started does, and hands it out piece by piece; HAProxy waits while `take`
 * has not finished with one. What is written meanwhile is in it, too, behind the rest: an entry may come twice, and the last one
 * counts. Only `whole` means that nothing is missing. Never throws.
 */
export async function recordLesson(
  options: RecordOptions,
  take: (chunk: LessonChunk) => Promise<void> | void,
): Promise<Recorded> {
  if (!(await resetSlot(options)))
    return { kind: 'refused', why: `slot ${options.slot} could not be reset` };
  const opened = await openLeg(options);
  if (opened.kind !== 'up') return { kind: 'refused', why: opened.why };
  const { leg } = opened;
  const stop = repeat(() => leg.write(heartbeat), heartbeatMs);
  try {
    return await follow(leg, options, take);
  } catch (thrown) {
    const kind = thrown instanceof UnreadableLesson ? 'broken' : 'consumer';
    return { kind, why: thrown instanceof Error ? thrown.message : String(thrown) };
  } finally {
    stop();
    leg.close();
    await leg.closed;
  }
}

/**
 * What is taken of what HAProxy sends. In the lesson entries come with their expiry: those without were sent before HAProxy had read
 * the request, and come again. Behind it come all that it has written itself once more, without an expiry: of these what was written
 * during the lesson is new, and was written at that moment.
 */
function createChoice() {
  const taught = new Map<string, Taught>();
  const ofTable = ({ name }: Definition) => {
    const known = taught.get(name) ?? createTaught();
    taught.set(name, known);
    return known;
  };
  const lesson: Choose = ({ expiryAt, table, id }, bytes) => {
    if (expiryAt === -1) return null;
    ofTable(table).add(id);
    return bytes.readUInt32BE(expiryAt);
  };
  const rest: Choose = ({ table, id }) => (ofTable(table).has(id) ? null : table.expireMs);
  return { lesson, rest };
}

async function follow(
  leg: Leg,
  { silentMs, now, signal }: RecordOptions,
  take: (chunk: LessonChunk) => Promise<void> | void,
): Promise<Recorded> {
  const passage = createPassage();
  const hearing = hear(leg, signal);
  const choose = createChoice();
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
    const parts: Buffer[] = [];
    let end: 'whole' | LessonFailure | null = null;
    for (const frame of heard.found) {
      if (frame.class === error)
        return { kind: 'broken', why: 'HAProxy does not understand this sidecar' };
      if (frame.class === control) {
        end = controlled(frame);
        if (end !== null) break;
        continue;
      }
      const part = passage.passOne(heard.bytes, frame, choose[phase]);
      if (part !== null) parts.push(part);
      lastMs = atMs;
    }
    const bytes = Buffer.concat(parts);
    size += bytes.length;
    if (bytes.length > 0) await take({ bytes, atMs });
    // What HAProxy has ready is read without a pause between.
    await breathe();
    if (end === 'whole') return { kind: 'whole', entries: passage.passed, bytes: size };
    if (end !== null) return end;
    // The time that `take` has used is not HAProxy's.
    if (parts.length > 0) lastMs = now();
  }
}
