import { errorMessage } from '../errors.ts';
import type { Connect, Connection } from '../kubernetes/connection.ts';
import {
  createEvent,
  type EventAnswer,
  type EventFields,
  neededEventsRule,
  podUid,
  raiseEvent,
} from '../kubernetes/events.ts';
import type { Log } from '../log.ts';
import { type Notice, noticeReasons } from '../model/notice.ts';
import {
  emptySeries,
  named,
  nextEvent,
  type SeriesDecision,
  type SeriesLimits,
  seriesLimits,
} from './event-series.ts';

export type EventOutcome = 'created' | 'counted' | 'held' | 'failed' | 'off';

export interface Recorder {
  /** Returns at once; the Event is written in the background. */
  record(notice: Notice): void;
  /** Resolves when all that was recorded is written or given up, after `limitMs` at the latest. */
  flush(limitMs: number): Promise<void>;
}

export interface RecorderOptions {
  /** `auto`: without the right to create Events, say so once and write no more. */
  readonly mode: 'auto' | 'on';
  readonly pod: {
    readonly namespace: string;
    readonly name: string;
    readonly uid?: string | undefined;
  };
  readonly connect: Connect;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** The date of such a moment, in milliseconds since the epoch. */
  readonly dateOf: (ms: number) => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onOutcome?: (reason: Notice['reason'], outcome: EventOutcome) => void;
  readonly limits?: SeriesLimits;
}

/** Pauses between the tries of one Event: the API server may be away for a moment. */
const pausesMs = [1000, 5000, 15_000] as const;
/** More wait for an API server that is away: the rest is not worth the memory. */
const queueLimit = 20;

/** Does nothing: for --events=off, and where there is no Kubernetes. */
export const silentRecorder: Recorder = { record() {}, flush: async () => {} };

/** Writes Events on this pod: what and when is decided in event-series.ts, here it is only sent. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { pod, log, now, dateOf, signal, limits = seriesLimits } = options;
  let state = emptySeries(now(), limits);
  let off = false;
  let warned = false;
  let uid = pod.uid;
  let queued = 0;
  let work: Promise<void> = Promise.resolve();

  function told(notice: Notice, outcome: EventOutcome): void {
    options.onOutcome?.(notice.reason, outcome);
  }

  function forbidden(why: string): void {
    off = options.mode === 'auto';
    if (warned) return;
    warned = true;
    const fields = { reason: why, rule: neededEventsRule() };
    if (off) log.info(fields, 'no right to create Events: none are written');
    else log.warn(fields, 'no right to create Events');
  }

  async function tryOnce(fields: EventFields, raise: boolean): Promise<EventAnswer> {
    let connection: Connection | undefined;
    try {
      connection = await options.connect();
      uid ??= await podUid(connection, pod.namespace, pod.name, signal);
      if (raise) {
        const answer = await raiseEvent(connection, pod.namespace, fields, signal);
        if (answer.kind !== 'gone') return answer;
      }
      return await createEvent(connection, { ...pod, uid }, fields, signal);
    } catch (error) {
      return { kind: 'failed', why: errorMessage(error) };
    } finally {
      // Events are rare: no connection is kept for them.
      connection?.close();
    }
  }

  async function send(notice: Notice, { series }: SeriesDecision): Promise<void> {
    if (off) return told(notice, 'off');
    // What was decided before the one in front was written may know no name yet.
    const known = state.series.get(notice.reason)?.name ?? null;
    // Hexadecimal time as client-go has it; the name of a pod may fill all the room there is.
    const name =
      known ??
      `${pod.name.slice(0, 230)}.${Math.round(dateOf(now()) * 1000 + queued).toString(16)}`;
    const { type } = noticeReasons[notice.reason];
    const { message, count } = series;
    const firstAtMs = dateOf(series.firstAtMs);
    const lastAtMs = dateOf(series.lastAtMs);
    const fields = { name, reason: notice.reason, type, message, count, firstAtMs, lastAtMs };
    let answer = await tryOnce(fields, known !== null);
    for (const pauseMs of pausesMs) {
      if (answer.kind !== 'failed' || signal.aborted) break;
      await options.sleep(pauseMs, signal).catch(() => undefined);
      if (!signal.aborted) answer = await tryOnce(fields, known !== null);
    }
    if (answer.kind === 'done') {
      state = named(state, notice.reason, name);
      return told(notice, known === null ? 'created' : 'counted');
    }
    const why = answer.kind === 'gone' ? 'gone' : answer.why;
    if (answer.kind === 'forbidden') forbidden(why);
    else log.debug({ event: notice.reason, reason: why }, 'Event not written');
    told(notice, off ? 'off' : 'failed');
  }

  return {
    record(notice) {
      if (off) return told(notice, 'off');
      const decision = nextEvent(state, notice, now(), limits);
      state = decision.state;
      if (decision.send === 'hold') return told(notice, 'held');
      if (queued >= queueLimit) return told(notice, 'failed');
      queued += 1;
      work = work
        .then(() => send(notice, decision))
        .finally(() => {
          queued -= 1;
        });
    },
    async flush(limitMs) {
      const limit = AbortSignal.timeout(limitMs);
      const late = new Promise<void>((resolve) => {
        limit.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([work, late]);
    },
  };
}
