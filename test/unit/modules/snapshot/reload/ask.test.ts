import { describe, expect, it } from 'vitest';
import { candidatesBefore, createAsking } from '../../../../../src/modules/snapshot/reload/ask.ts';
import type { Status } from '../../../../../src/telemetry/status-schema.ts';
import { member } from '../../../../helpers/members.ts';
import { status } from '../../../../helpers/status.ts';

const { signal } = new AbortController();

describe('asking others what they hold', () => {
  function bench(answers: Record<string, Status | null>) {
    const asked: string[] = [];
    let nowMs = 0;
    const asking = createAsking(
      async ({ name }) => {
        asked.push(name);
        return answers[name] ?? null;
      },
      () => nowMs,
    );
    return { asking, asked, answers, pass: (ms: number) => (nowMs += ms) };
  }

  it('is done once in a second, and notes since when one is silent', async () => {
    const { asking, asked, answers, pass } = bench({ b: status('b') });
    const [b, c] = [member('b'), member('c')];
    await asking.look([b, c], signal);
    await asking.look([b, c], signal);
    expect(asked).toEqual(['b', 'c']);
    expect(asking.heard(b)).toMatchObject({ status: { name: 'b' }, silentSinceMs: null });
    pass(1000);
    answers.b = null;
    await asking.look([b, c], signal);
    pass(1000);
    await asking.look([b, c], signal);
    expect(asking.heard(b)).toMatchObject({ status: null, silentSinceMs: 1000 });
    expect(asking.heard(c)).toMatchObject({ status: null, silentSinceMs: 0 });
    answers.c = status('c');
    pass(1000);
    await asking.look([b, c], signal);
    expect(asking.heard(c)?.silentSinceMs).toBeNull();
  });

  it('takes no answer of a pod for that of one which follows under its name', async () => {
    const { asking } = bench({ b: status('b') });
    const b = { ...member('b'), uid: 'one' };
    await asking.look([b], signal);
    expect(asking.heard(b)).toBeDefined();
    expect(asking.heard({ ...b, uid: 'two' })).toBeUndefined();
    expect(asking.heard({ ...b, address: '10.9.9.9' })).toBeUndefined();
    await asking.look([], signal);
    expect(asking.heard(b)).toBeUndefined();
  });

  it('comes round to all of many', async () => {
    const many = Array.from({ length: 50 }, (_, at) => member(`r${at}`));
    const { asking, asked, pass } = bench({});
    for (let turn = 1; turn <= 3; turn++) {
      const before = asked.length;
      await asking.look(many, signal);
      expect(asked.length - before).toBe(20);
      pass(1000);
    }
    expect(new Set(asked).size).toBe(50);
  });
});

describe('who takes the snapshots', () => {
  const takes = (name: string) =>
    status(name, { ready: true, restore: { holds: true, offer: null } });
  async function taking(answers: Record<string, Status | null>, change: object = {}) {
    const asked: string[] = [];
    const members = ['a', 'b', 'c', 'd', 'e'].map((name) => ({
      ...member(name),
      ...(name === 'a' ? change : {}),
    }));
    const found = await candidatesBefore(
      'd',
      members,
      async ({ name }) => {
        asked.push(name);
        return answers[name] ?? null;
      },
      signal,
    );
    return { found: found.map(({ name }) => name), asked };
  }

  it('is the first by name that is ready and takes part, of those before this one', async () => {
    expect(await taking({ b: takes('b'), c: takes('c'), e: takes('e') })).toEqual({
      ...{ found: ['b'], asked: ['a', 'b', 'c'] },
    });
    expect((await taking({ a: status('a', { ready: true }), c: takes('c') })).found).toEqual(['c']);
    expect((await taking({ a: { ...takes('a'), ready: false } })).found).toEqual([]);
    expect((await taking({ e: takes('e') })).found).toEqual([]);
  });

  it.each([{ terminating: true }, { serving: false }])('is none that %o', async (change) => {
    expect(await taking({ a: takes('a') }, change)).toEqual({ found: [], asked: ['b', 'c'] });
  });
});
