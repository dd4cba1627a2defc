import { breathe, repeat, startTimer } from '../clock.ts';
import { type Leg, type LegOptions, openLeg } from '../modules/relay/legs/open-leg.ts';
import { frames } from '../modules/relay/wire/frames.ts';
import {
  control,
  controlTypes,
  error,
  heartbeat,
  resyncFinished,
} from '../modules/relay/wire/messages.ts';
import { type LessonChunk, type LessonFailure, leftAfter } from './chunk.ts';
import { UnreadableLesson } from './definition.ts';
import { expiryOf } from './entry.ts';
import { hear, isFailure } from './hearing.ts';
import { createPassage } from './passage.ts';

export interface PlayOptions extends LegOptions {
  /** HAProxy is to ask first, as a worker does that has still to learn: true. Else it gets the entries as updates. */
  readonly asked: boolean;
  /** How long to wait for HAProxy to take more, and for its confirmation. */
  readonly silentMs: number;
  /** Milliseconds: the clock of the chunks. */
  readonly now: () => number;
}

export type Played =
  | {
      readonly kind: 'played';
      readonly entries: number;
      /** Left out, because they had expired. */
      readonly expired: number;
    }
  /** HAProxy did not ask: another one teaches it, or it has learned. */
  | { readonly kind: 'not-asked'; readonly why: string }
  | LessonFailure;

const heartbeatMs = 1000;

/** A socket asks for a pause after so much (64 KiB, Node 24), which is waited for. */
export const waitedForBytes = 128 * 1024;

/**
 * A HAProxy that has just been told by another peer that it has not all may not look for the next one before 3 s are over (sync_peer_learn_state,
 * src/peers.c of 3.4), but it does for one that comes.
 */
const askMs = 250;
/** It may have learned meanwhile that there is nothing to learn, which whoever plays the lesson has to find out. */
const askLimitMs = 1000;

/**
 * Gives HAProxy the entries of a lesson. What has expired since is left out, and what is left of the others is less by their age.
 * HAProxy takes them as learned from a peer: it does not pass them on. The bytes of the chunks are written to. Only `played` means that it has all of them. Never throws.
 */
export async function playLesson(
  options: PlayOptions,
  chunks: AsyncIterable<LessonChunk>,
): Promise<Played> {
  const tries = options.asked ? Math.ceil(askLimitMs / askMs) : 1;
  for (let at = 1; ; at++) {
    const played = await playOnce(options, chunks);
    if (played.kind !== 'not-asked' || at >= tries) return played;
  }
}

async function playOnce(options: PlayOptions, chunks: AsyncIterable<LessonChunk>): Promise<Played> {
  const opened = await openLeg(options);
  if (opened.kind !== 'up') return { kind: 'refused', why: opened.why };
  const { leg } = opened;
  const stop = repeat(() => leg.write(heartbeat), heartbeatMs);
  try {
    return await give(leg, options, chunks);
  } catch (thrown) {
    const kind = thrown instanceof UnreadableLesson ? 'broken' : 'consumer';
    return { kind, why: thrown instanceof Error ? thrown.message : String(thrown) };
  } finally {
    stop();
    leg.close();
    await leg.closed;
  }
}

/** What HAProxy says is read all the time, for it says much: what it has written itself. */
function listen(leg: Leg, { asked, silentMs, signal }: PlayOptions) {
  const hearing = hear(leg, signal);
  const heard = { asked: Promise.withResolvers<void>(), confirmed: Promise.withResolvers<void>() };
  const failed = Promise.withResolvers<LessonFailure>();
  void (async () => {
    for (;;) {
      // It says something every 3 s.
      const next = await hearing.next(Math.max(silentMs, 10_000));
      if (isFailure(next)) return failed.resolve(next);
      for (const frame of frames(next.bytes)) {
        if (frame.class === error)
          return failed.resolve({ kind: 'broken', why: 'HAProxy does not understand the lesson' });
        if (frame.class !== control) continue;
        if (frame.type === controlTypes.resyncRequest) {
          if (asked) heard.asked.resolve();
          // It would take the entries for everything there is.
          else failed.resolve({ kind: 'partial', why: 'HAProxy still learns' });
        }
        if (frame.type === controlTypes.resyncConfirm) heard.confirmed.resolve();
      }
      await breathe();
    }
  })();
  return {
    failed: failed.promise,
    asked: heard.asked.promise,
    confirmed: heard.confirmed.promise,
  };
}

async function give(
  leg: Leg,
  options: PlayOptions,
  chunks: AsyncIterable<LessonChunk>,
): Promise<Played> {
  const { silentMs, now } = options;
  const passage = createPassage();
  const heard = listen(leg, options);
  let drained: () => void = () => {};
  leg.onDrain(() => drained());
  let failure: LessonFailure | null = null;
  void heard.failed.then((why) => {
    failure = why;
  });

  /** Null: it came in time. */
  async function within(
    what: Promise<unknown>,
    why: string,
    limitMs = silentMs,
  ): Promise<LessonFailure | null> {
    const late = Promise.withResolvers<LessonFailure>();
    const stop = startTimer(() => late.resolve({ kind: 'silent', why }), limitMs);
    const first = await Promise.race([what.then(() => null), heard.failed, late.promise]);
    stop();
    return first;
  }

  if (options.asked) {
    const why = `HAProxy has not asked within ${askLimitMs} ms`;
    const unasked = await within(heard.asked, why, askMs);
    if (unasked !== null) return unasked.kind === 'silent' ? { kind: 'not-asked', why } : unasked;
  }
  for await (const { bytes, atMs } of chunks) {
    const ageMs = now() - atMs;
    const ready = passage.passOwn(bytes, (entry, within) =>
      leftAfter(expiryOf(within, entry), ageMs, entry.table.expireMs),
    );
    await breathe();
    if (failure !== null) return failure;
    // The place of the bytes is used again as soon as the next chunk is asked for. Less than this may still wait in the socket then.
    const kept = ready.length < waitedForBytes ? Buffer.from(ready) : ready;
    if (kept.length === 0 || leg.write(kept)) continue;
    const drain = new Promise<void>((resolve) => {
      drained = resolve;
    });
    const stuck = await within(drain, `HAProxy has taken nothing for ${silentMs} ms`);
    if (stuck !== null) return stuck;
  }
  leg.write(resyncFinished);
  const unconfirmed = await within(heard.confirmed, `HAProxy has not confirmed in ${silentMs} ms`);
  if (unconfirmed !== null) return unconfirmed;
  return { kind: 'played', entries: passage.passed, expired: passage.seen - passage.passed };
}
