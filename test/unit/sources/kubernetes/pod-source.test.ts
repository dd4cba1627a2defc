import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPodSource } from '../../../../src/sources/kubernetes/pod-source.ts';
import type { Scope } from '../../../../src/sources/kubernetes/scope.ts';
import { capturedLog } from '../../../helpers/captured-log.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

it('looks soon once what it has seen makes that matter, however long the pause was to be', async () => {
  let pauseMs = 300_000;
  const looks: number[] = [];
  const scope: Scope = {
    selector: async () => 'app=a',
    async look() {
      looks.push(Date.now());
      return 'same';
    },
    pauseMs: () => pauseMs,
    found: () => ({ selector: 'app=a', origin: 'given' }),
    siblings: (pods) => [...pods],
    leftOut: () => undefined,
    notes: () => [],
  };
  const source = createPodSource({
    siblings: scope,
    self: { name: 'a', address: '10.0.0.1' },
    namespace: 'n',
    log: capturedLog().log,
    connect: () => Promise.reject(new Error('no API server here')),
    now: Date.now,
  });
  const stop = new AbortController();
  source.start(stop.signal);

  await vi.advanceTimersByTimeAsync(60_000);
  expect(looks).toEqual([]);
  pauseMs = 5000;
  await vi.advanceTimersByTimeAsync(11_000);

  expect(looks).toHaveLength(2);
  stop.abort();
  await source.stopped();
});
