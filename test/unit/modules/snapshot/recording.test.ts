import { expect, it } from 'vitest';
import { monotonicNow } from '../../../../src/clock.ts';
import { createRecording, type Standing } from '../../../../src/modules/snapshot/recording.ts';
import type { Taken } from '../../../../src/modules/snapshot/take.ts';
import { capturedLog } from '../../../helpers/captured-log.ts';
import { eventually } from '../../../helpers/eventually.ts';

const taken: Taken = { kind: 'taken', path: '/f', takenAtMs: 1, entries: 1, bytes: 1, ms: 1 };

function bench(answers: readonly Taken[] = []) {
  const { log, lines } = capturedLog();
  let standing: Standing = { ready: true, leaving: false, others: [] };
  let nowMs = 0;
  let left = [...answers];
  let made: (() => Taken) | undefined;
  const seen: Taken[] = [];
  const recording = createRecording({
    ...{ self: 'b', intervalMs: 1000, log, now: () => nowMs, standing: () => standing },
    async take() {
      if (made !== undefined) return made();
      const [answer = taken, ...rest] = left;
      left = rest;
      return answer;
    },
    on: (each) => seen.push(each),
  });
  return {
    ...{ recording, lines, seen },
    set(change: Partial<Standing>) {
      standing = { ...standing, ...change };
    },
    pass(ms: number) {
      nowMs += ms;
    },
    /** In place of the answers. */
    answer(make: () => Taken) {
      made = make;
    },
  };
}

async function running(recording: ReturnType<typeof bench>['recording'], act: () => Promise<void>) {
  const stop = new AbortController();
  const run = recording.run(stop.signal);
  try {
    await act();
  } finally {
    stop.abort();
    await run;
  }
}

it('takes one when the interval is over, and one more at once when the pod is about to go', async () => {
  const { recording, seen, pass, set } = bench();
  await running(recording, async () => {
    await eventually(() => seen.length === 1);
    pass(1000);
    await eventually(() => seen.length === 2);
    set({ leaving: true });
    await eventually(() => seen.length === 3);
    pass(1000);
    await eventually(() => seen.length === 4);
  });
});

it('says what fails once, and when it is over', async () => {
  const failed: Taken = { kind: 'failed', why: 'ENOSPC' };
  const { recording, seen, lines, pass } = bench([failed, failed, taken]);
  await running(recording, async () => {
    for (let count = 1; count <= 3; count += 1) {
      await eventually(() => seen.length === count);
      pass(1000);
    }
  });
  const warned = lines.filter(({ level }) => level === 'warn');
  expect(warned).toMatchObject([{ code: 'SNAPSHOT_FAILED', why: 'ENOSPC' }]);
  expect(lines.some(({ msg }) => msg.includes('can be taken again'))).toBe(true);
});

it('takes the last one only where it takes them at all', async () => {
  const { recording, seen, set } = bench();
  await recording.last(1000);
  expect(seen).toHaveLength(1);
  set({ others: [{ name: 'a', ready: true, terminating: false }] });
  await recording.last(1000);
  set({ others: [], ready: false });
  await recording.last(1000);
  expect(seen).toHaveLength(1);
});

it('gives up the last one when its time is over, and does not call it a failure', async () => {
  const { log, lines } = capturedLog();
  const recording = createRecording({
    ...{ self: 'b', intervalMs: 1000, log, now: () => 0 },
    on() {
      throw new Error('it counts as a failure');
    },
    standing: () => ({ ready: true, leaving: false, others: [] }),
    take: (signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => resolve({ kind: 'failed', why: 'stopped' })),
      ),
  });
  await recording.last(20);
  expect(lines.map(({ level, why }) => [level, why])).toEqual([['info', 'stopped']]);
});

it('does not keep the program from its end where a write never comes to one', async () => {
  const { log, lines } = capturedLog();
  let begun = 0;
  const recording = createRecording({
    ...{ self: 'b', intervalMs: 1000, log, now: monotonicNow, on() {} },
    standing: () => ({ ready: true, leaving: false, others: [] }),
    take: () => {
      begun += 1;
      return new Promise(() => {});
    },
  });
  const stop = new AbortController();
  const run = recording.run(stop.signal);
  await eventually(() => begun === 1);
  const atMs = monotonicNow();
  stop.abort();
  await run;
  await recording.last(100);
  expect(begun).toBe(1);
  const fresh = createRecording({
    ...{ self: 'b', intervalMs: 1000, log, now: monotonicNow, on() {} },
    standing: () => ({ ready: true, leaving: false, others: [] }),
    take: () => new Promise(() => {}),
  });
  await fresh.last(100);
  expect(monotonicNow() - atMs).toBeLessThan(5000);
  expect(lines.at(-1)?.msg).toBe('the volume is too slow for a last snapshot');
});

it('does not count one that a reload has ended, and takes the next as soon as HAProxy is back', async () => {
  const { recording, seen, lines, set, answer } = bench();
  answer(() => {
    set({ ready: false });
    return { kind: 'failed', why: 'HAProxy has ended the session' };
  });
  await running(recording, async () => {
    await eventually(() => lines.some(({ msg }) => msg.includes('given up')));
    expect(seen).toEqual([]);
    answer(() => taken);
    set({ ready: true });
    await eventually(() => seen.length === 1);
  });
  expect(lines.filter(({ level }) => level === 'warn')).toEqual([]);
});

it('says once for each reason that old files could not be removed, and counts the new one', async () => {
  const stuck = { ...taken, notRemoved: 'EPERM' };
  const { recording, seen, lines, pass } = bench([stuck, stuck, taken, stuck]);
  await running(recording, async () => {
    for (let count = 1; count <= 4; count += 1) {
      await eventually(() => seen.length === count);
      pass(1000);
    }
  });
  expect(seen.slice(0, 4).every(({ kind }) => kind === 'taken')).toBe(true);
  expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([
    { why: 'EPERM', msg: 'old snapshots could not be removed' },
    { why: 'EPERM' },
  ]);
});
