import { describe, expect, it } from 'vitest';
import type { Found } from '../../../src/cli/found.ts';
import { see } from '../../../src/cli/see.ts';
import { status } from '../../helpers/status.ts';

/** One look at two replicas: `a` holds all, `b` lacks some; when the sample of each was taken. */
function look(lacks: readonly string[], atMs: number): readonly Found[] {
  const keys = ['00', '11', '22', '33'];
  const of = (name: string, held: readonly string[]): Found => {
    const sample = {
      atMs,
      keys: [...held],
      expiring: [],
      below: null,
      read: held.length,
      whole: true,
    };
    const table = { name: 'sessions', size: 100, used: held.length, shared: true, sample };
    return { name, status: status(name, { tables: [table] }) };
  };
  return [
    of('a', keys),
    of(
      'b',
      keys.filter((key) => !lacks.includes(key)),
    ),
  ];
}

function looks(...all: readonly (readonly Found[])[]) {
  const left = [...all];
  return { left, next: async () => left.shift() ?? [] };
}

const watching = { watch: true, signal: new AbortController().signal };

describe('a difference in the keys', () => {
  it('counts when a second look, at other samples, finds it too', async () => {
    const { left, next } = looks(look(['11'], 1), look(['11'], 2));
    const first = await see(next, null, watching);
    const second = await see(next, first, watching);

    expect(first.differences).toEqual([]);
    expect(second.differences).toMatchObject([{ replica: 'b', holder: 'a', missing: ['11'] }]);
    expect(left).toEqual([]);
  });

  it('does not count when the key has come, or another one is missing', async () => {
    const { next } = looks(look(['11'], 1), look(['22'], 2), look([], 3));
    const first = await see(next, null, watching);
    const second = await see(next, first, watching);
    const third = await see(next, second, watching);

    expect(second.differences).toEqual([]);
    expect(third.differences).toEqual([]);
  });

  it('stays as it is while the samples are the same ones', async () => {
    const { next } = looks(look(['11'], 1), look(['11'], 1), look(['11'], 2), look(['11'], 2));
    let seen = await see(next, null, watching);
    const found: number[] = [];
    for (let time = 0; time < 3; time++) {
      seen = await see(next, seen, watching);
      found.push(seen.differences.length);
    }

    expect(found).toEqual([0, 1, 1]);
  });

  it('costs no second look where all is the same', async () => {
    const { left, next } = looks(look([], 1), look([], 2));

    await see(next, null, { ...watching, watch: false });

    expect(left).toHaveLength(1);
  });
});
