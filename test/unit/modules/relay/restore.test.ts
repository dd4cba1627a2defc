import { expect, it } from 'vitest';
import type { Own } from '../../../../src/modules/relay/own-haproxy.ts';
import { createRestore } from '../../../../src/modules/relay/restore.ts';
import type { Snapshots } from '../../../../src/modules/snapshot/create.ts';

const own = (name: string): Own => ({
  worker: { pid: 1, startedAtSeconds: 100 },
  view: { worker: name, learned: false, fresh: true, entries: 0 },
});

/** `looked`: the worker whose tables were settled, and that holds nothing to restore. */
function restoreOf(looked: string) {
  const restoring = {
    shown: (worker: string) => (worker === looked ? { holds: true, offer: null } : null),
    waits: () => null,
    look: async () => false,
  };
  return createRestore({
    // Only this part of it is used here.
    snapshots: { restoring } as unknown as Snapshots,
    wasReady: null,
    partners: () => [],
    ask: () => {},
    now: () => 0,
  });
}

it('of a worker that was looked at others are told what is known', () => {
  expect(restoreOf('w1').shown(own('w1'))?.snapshot).toEqual({ holds: true, offer: null });
});

it('of the next worker they are not told that it holds entries, nor that it has nothing to restore', () => {
  expect(restoreOf('w1').shown(own('w2'))?.snapshot).toEqual({ holds: false, offer: 'looking' });
});

it('of a HAProxy that does not answer they are told nothing', () => {
  expect(restoreOf('w1').shown({ ...own('w1'), view: null })).toBeNull();
});
