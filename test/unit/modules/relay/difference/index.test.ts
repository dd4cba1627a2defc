import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createIndex, entriesAtMost } from '../../../../../src/modules/relay/difference/index.ts';
import { createStalls } from '../../../../../src/modules/relay/difference/stalls.ts';

it('finds what a map finds, however many share a place', () => {
  const word = fc.oneof(fc.nat(5), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
  const entry = fc.tuple(
    word,
    word.map((low) => (low === 0 ? 1 : low)),
    fc.nat(1e9),
    word,
  );
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 300 }), (entries) => {
      const index = createIndex(300, 1000);
      const map = new Map<string, object>();
      for (const [high, low, expiresMs, data] of entries) {
        expect(index.set(high, low, 1000 + expiresMs, data)).toBe(true);
        map.set(`${high} ${low}`, { expiresAtMs: 1000 + expiresMs, data });
      }
      expect(index.entries).toBe(map.size);
      for (const [high, low] of entries)
        expect(index.get(high, low)).toEqual(map.get(`${high} ${low}`));
      expect(index.get(7, 2 ** 31)).toBe(map.get(`7 ${2 ** 31}`));
    }),
  );
});

it('makes room for more than was thought, says when it is full, and has a limit', () => {
  const index = createIndex(1, 0, 10_000);
  for (let at = 1; at <= 10_000; at++) expect(index.set(at, at * 7, at, at % 13)).toBe(true);
  expect(index.set(10_001, 70_007, 0, 0)).toBe(false);
  expect(index.entries).toBe(10_000);
  for (let at = 1; at <= 10_000; at++)
    expect(index.get(at, at * 7)).toEqual({ expiresAtMs: at, data: at % 13 });
  expect(index.set(5, 35, 9, 9)).toBe(true);
  expect(index.get(5, 35)).toEqual({ expiresAtMs: 9, data: 9 });
  expect(createIndex(1e12, 0).entries).toBe(0);
  expect(entriesAtMost).toBeLessThan(1e7);
});

it('counts the time of as much as HAProxy can have had ready', () => {
  const stalls = createStalls('path');
  for (let chunk = 0; chunk < 8; chunk++) stalls.add(64 * 1024, 10);
  expect(stalls.ms).toBe(80);
  for (let chunk = 0; chunk < 8; chunk++) stalls.add(64 * 1024, 1);
  expect(stalls.ms).toBe(8);
});
