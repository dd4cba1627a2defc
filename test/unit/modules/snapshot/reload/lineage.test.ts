import { expect, it } from 'vitest';
import type { PeersState } from '../../../../../src/model/peers-state.ts';
import { createLineage } from '../../../../../src/modules/snapshot/reload/lineage.ts';

const worker = (pid: number) => ({ pid, startedAtSeconds: 5 });
const state = (part: Partial<PeersState> = {}): PeersState => ({
  ...{ section: 'p', resync: 'alone', handedOver: false, localName: 'a' },
  ...{ peers: [], tables: [], entries: 5, ...part },
});
const taken = state({ handedOver: true });

it('is first where nobody handed over, and that is known only when it has learned', () => {
  const { firstOf } = createLineage();
  expect(firstOf(worker(1), state({ resync: 'pending' }))).toBeUndefined();
  expect(firstOf(worker(1), state())).toBe(true);
  expect(createLineage().firstOf(worker(1), taken)).toBe(false);
});

it('is as good as first where nothing was handed over', () => {
  expect(createLineage().firstOf(worker(1), state({ handedOver: true, entries: 0 }))).toBe(true);
  expect(createLineage().firstOf(worker(1), { ...taken, entries: undefined })).toBe(false);
});

it('goes on through reloads for as long as nothing is settled', () => {
  const { firstOf, settled } = createLineage();
  firstOf(worker(1), state());
  for (const pid of [2, 3]) {
    expect(firstOf(worker(pid), { ...taken, resync: 'pending' })).toBeUndefined();
    settled(false);
    expect(firstOf(worker(pid), taken)).toBe(true);
    expect(firstOf(worker(pid), taken)).toBe(true);
  }
  settled(true);
  expect(firstOf(worker(4), taken)).toBe(false);
  expect(firstOf(worker(5), taken)).toBe(false);
});

it('takes a format that it cannot read for one with tables', () => {
  const { firstOf } = createLineage();
  expect(firstOf(worker(1), state({ resync: 'unknown', handedOver: undefined }))).toBe(false);
});
