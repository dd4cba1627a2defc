import { describe, expect, it } from 'vitest';
import type { Connect } from '../../../src/kubernetes/connection.ts';
import {
  createRecorder,
  type RecorderOptions,
  silentRecorder,
} from '../../../src/telemetry/event-recorder.ts';
import { capturedLog } from '../../helpers/captured-log.ts';

const away: Connect = async () => {
  throw new Error('no route');
};

/** A recorder whose API server is away: the fault that a real one produces only when it is killed. */
function bench(part: Partial<RecorderOptions> = {}) {
  const { log, lines } = capturedLog();
  const controller = new AbortController();
  const pauses: number[] = [];
  const outcomes: string[] = [];
  const recorder = createRecorder({
    mode: 'auto',
    pod: { namespace: 'edge', name: 'a', uid: 'u' },
    connect: away,
    log,
    now: () => 1_000_000,
    dateOf: (ms) => ms,
    sleep: async (ms) => void pauses.push(ms),
    signal: controller.signal,
    onOutcome: (reason, outcome) => outcomes.push(`${reason} ${outcome}`),
    ...part,
  });
  return { recorder, lines, pauses, outcomes, controller };
}

describe('createRecorder', () => {
  it('tries a few times, gives up quietly, and goes on', async () => {
    const { recorder, lines, pauses, outcomes } = bench();

    recorder.record({ reason: 'ChangeWaiting', message: 'x' });
    recorder.record({ reason: 'ChangeWaiting', message: 'x' });
    await recorder.flush(5000);

    expect(pauses).toEqual([1000, 5000, 15_000]);
    expect(outcomes).toEqual(['ChangeWaiting held', 'ChangeWaiting failed']);
    expect(lines).toMatchObject([{ level: 'debug', event: 'ChangeWaiting', reason: 'no route' }]);
  });

  it('does not try again once the program is to stop', async () => {
    const { recorder, pauses, controller } = bench();
    controller.abort();

    recorder.record({ reason: 'ChangeWaiting', message: 'x' });
    await recorder.flush(5000);

    expect(pauses).toEqual([]);
  });

  it('does not wait longer than it is told to', async () => {
    const { recorder, outcomes } = bench({ connect: () => new Promise(() => {}) });
    recorder.record({ reason: 'ChangeWaiting', message: 'x' });
    const keepAlive = setInterval(() => {}, 1000);

    await recorder.flush(20);

    clearInterval(keepAlive);
    expect(outcomes).toEqual([]);
  });

  it('keeps only so many for an API server that is away', async () => {
    const { recorder, outcomes } = bench({
      connect: () => new Promise(() => {}),
      limits: { windowMs: 0, raiseMs: 0, burst: 100, refillMs: 1 },
    });

    for (let count = 0; count < 25; count += 1) {
      recorder.record({ reason: 'ChangeWaiting', message: 'x' });
    }

    expect(outcomes).toHaveLength(5);
  });
});

it('is silent where it is off', async () => {
  silentRecorder.record({ reason: 'ChangeWaiting', message: 'x' });

  await expect(silentRecorder.flush(1)).resolves.toBeUndefined();
});
