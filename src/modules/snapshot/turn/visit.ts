import { connect } from 'node:net';
import { startTimer } from '../../../clock.ts';
import { AppError } from '../../../errors.ts';
import { createLines } from './lines.ts';
import { type Outcome, type Said, saidSchema } from './messages.ts';

/** The slot is ours for as long as this lasts. */
export interface Turn {
  /** This replica is ready. */
  readonly ready: boolean;
  /** Aborts when the sidecar is gone, or the caller is asked to stop. */
  readonly signal: AbortSignal;
  /** What came of it. Resolves with the replicas that compare themselves with this one now. */
  note(outcome: Outcome): Promise<readonly string[]>;
}

export interface VisitOptions {
  readonly path: string;
  readonly for: 'take' | 'restore';
  /** How long to wait for the turn, in milliseconds. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

function refused(message: string, hint: string): AppError {
  return new AppError('SNAPSHOT_REFUSED', message, { hint });
}

/**
 * Does `act` while the sidecar of this pod leaves the slot of lessons alone. `AppError` SNAPSHOT_REFUSED where no sidecar answers,
 * it refuses, or the slot does not become free in time.
 */
export async function visit<T>(
  { path, for: purpose, waitMs, signal }: VisitOptions,
  act: (turn: Turn) => Promise<T>,
): Promise<T> {
  const socket = connect({ path });
  const gone = new AbortController();
  let failure = 'the sidecar has ended the connection';
  const waiting: ((said: Said | null) => void)[] = [];
  const lines = createLines(socket, saidSchema, (said) => waiting.shift()?.(said));
  socket.on('error', (error) => {
    failure = error.message;
  });
  socket.on('close', () => {
    gone.abort(new Error(failure));
    for (const each of waiting.splice(0)) each(null);
  });
  const next = (): Promise<Said | null> =>
    new Promise((resolve) => {
      if (gone.signal.aborted) resolve(null);
      else waiting.push(resolve);
    });
  const stop = () => socket.destroy();
  signal.addEventListener('abort', stop, { once: true });
  let isLate = false;
  const stopTimer = startTimer(() => {
    isLate = true;
    stop();
  }, waitMs);
  try {
    const answer = next();
    lines.send({ step: 'ask', for: purpose });
    const said = await answer;
    stopTimer();
    signal.throwIfAborted();
    if (said?.step === 'refused')
      throw refused(`The sidecar refuses: ${said.why}`, 'Try again when that is over.');
    if (said?.step !== 'yours')
      throw isLate
        ? refused(
            `The slot of lessons was in use for ${waitMs} ms`,
            'A peer learns, or a snapshot is being taken. Try again.',
          )
        : refused(
            `No sidecar answers at ${path}: ${failure}`,
            'Run it in the container of the sidecar: kubectl exec POD -c haproxy-peer-sync -- haproxy-peer-sync snapshot …. In reload mode init and run need --snapshot or --lessons for it.',
          );
    return await act({
      ready: said.ready,
      signal: AbortSignal.any([signal, gone.signal]),
      async note(outcome) {
        const noted = next();
        lines.send(outcome);
        const last = await noted;
        return last?.step === 'noted' ? last.told : [];
      },
    });
  } finally {
    stopTimer();
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}
