import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  firstId,
  isOwnId,
  serverIds,
} from '../../../../../src/modules/backends/endpoints/server-id.ts';
import { twins } from '../../../../helpers/twins.ts';

describe('ids of servers', () => {
  it('are what they were in every earlier version', () => {
    expect(['app-7d4b9c6f5-x2x9k', 'app-0', '10.0.0.1-8080'].map(firstId)).toMatchInlineSnapshot(`
      [
        766814711,
        223714660,
        2104949259,
      ]
    `);
  });

  it('are within what HAProxy takes, and ours', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const id = firstId(name);
        expect(id).toBeGreaterThanOrEqual(65_536);
        expect(id).toBeLessThanOrEqual(2 ** 31 - 1);
        expect(isOwnId(name, id)).toBe(true);
        expect(isOwnId(name, id % 65_536)).toBe(false);
      }),
    );
  });

  it('depend on the names alone', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), (names) => {
        const ids = serverIds(names);
        expect(serverIds(names.toReversed())).toEqual(ids);
        expect(new Set(ids.values()).size).toBe(names.length);
      }),
    );
  });

  it('stay apart where two names have the same number', () => {
    const [one, other] = twins().toSorted();
    const ids = serverIds([other ?? '', one ?? '', 'app-a']);

    expect(ids.get(one ?? '')).toBe(firstId(one ?? ''));
    expect(ids.get(other ?? '')).toBe(firstId(other ?? '') + 1);
    expect(isOwnId(other ?? '', firstId(other ?? '') + 1)).toBe(true);
  });

  it('are spread evenly over names that differ in their end', () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => firstId(`app-7d4b9c6f5-${index}`));

    expect(new Set(ids).size).toBeGreaterThan(9_995);
    const low = ids.filter((id) => id < 2 ** 30).length;
    expect(low).toBeGreaterThan(4_700);
    expect(low).toBeLessThan(5_300);
  });

  it('of other servers are not taken for ours', () => {
    expect(isOwnId('static1', 1)).toBe(false);
    expect(isOwnId('static1', firstId('static2'))).toBe(false);
    expect(isOwnId('static1', firstId('static1') + 64)).toBe(false);
  });
});
