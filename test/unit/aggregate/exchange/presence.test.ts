import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../../src/aggregate/codec/layout.ts';
import { tickAfter } from '../../../../src/aggregate/codec/ticks.ts';
import { createPresence, graceMs } from '../../../../src/aggregate/exchange/presence.ts';
import { sumPlan } from '../../../../src/aggregate/merge/plan.ts';
import { createSummer } from '../../../../src/aggregate/merge/summer.ts';
import { Ledger } from '../../../../src/aggregate/store/ledger.ts';
import { dataTypes } from '../../../../src/lesson/data-types.ts';
import type { Stored } from '../../../../src/lesson/definition.ts';
import { definition } from '../../../helpers/aggregate-world.ts';

const start = 2 ** 32 - 5000;

function stored(name: string): Stored {
  const type = dataTypes.find((one) => one.name === name) ?? expect.fail();
  return { ...type, count: 1, periodMs: 0 };
}

/** A sidecar, whose HAProxy is called `own`, and that knows one key of some HAProxys: each with a count of 1 and a connection. */
function world(fields = ['gpc0', 'conn_cur']) {
  const layout = layoutOf(fields.map(stored));
  const ledger = new Ledger({ maxKeys: 10, seed: () => 1 });
  const { store } = ledger.table(definition, layout, start);
  const presence = createPresence(ledger);
  let now = start;
  const row = store.put(Buffer.from('k'), 0, 1);
  const know = (origin: string) => {
    const run = ledger.runs.add(origin, 1) ?? expect.fail();
    store.set(row, { run, sequence: 1, expiry: 0, words: new Uint32Array(2).fill(1) }, now);
    return run;
  };
  const called = (origin: string) => {
    ledger.own = { origin, generation: 1, run: know(origin) };
  };
  called('own');
  const plan = sumPlan(layout, layout);
  const [summer, out] = [createSummer(plan), new Uint32Array(plan.layout.words)];
  return {
    ...{ store, presence, know, called },
    /** Looks as often as a sidecar does. */
    pass(ms: number) {
      for (let left = ms; left > 0; left -= 500) {
        now = tickAfter(now, Math.min(500, left));
        presence.look(now);
      }
    },
    sum() {
      store.sum(row, summer, out, { now });
      return { count: out[0] ?? 0, open: out[1] ?? 0 };
    },
    /** Whether it is to be told again, once. */
    isTold: () => store.sums.take() === row,
  };
}

describe('connections that are open', () => {
  it('are those of whoever is there, and of who was until just now; counts are those of all', () => {
    const { presence, know, pass, sum, isTold } = world();
    const link = {};
    know('other');
    know('gone');
    presence.speaks(link, 'other');
    pass(graceMs - 1000);
    expect(sum()).toEqual({ count: 3, open: 3 });
    isTold();
    pass(3000);
    expect(sum()).toEqual({ count: 3, open: 2 });
    expect(isTold()).toBe(true);
    pass(60_000);
    expect(sum()).toEqual({ count: 3, open: 2 });
    // Nothing is told again for nothing.
    expect(isTold()).toBe(false);
  });

  it('are there again with a link that was lost, before and after the time that it has', () => {
    const { presence, know, pass, sum, isTold } = world();
    const [first, second, third] = [{}, {}, {}];
    know('other');
    presence.speaks(first, 'other');
    pass(2000);
    presence.left(first);
    pass(graceMs / 2);
    presence.speaks(second, 'other');
    pass(graceMs);
    expect(sum().open).toBe(2);
    presence.left(second);
    pass(graceMs + 1000);
    expect(sum().open).toBe(1);
    isTold();
    presence.speaks(third, 'other');
    pass(1000);
    expect(sum().open).toBe(2);
    expect(isTold()).toBe(true);
  });

  it('end at once where a sidecar says that it has another HAProxy now: its own, and that of another', () => {
    const { presence, know, called, pass, sum } = world();
    const link = {};
    know('other');
    presence.speaks(link, 'other');
    pass(1000);
    know('after');
    presence.speaks(link, 'after');
    pass(1000);
    expect(sum()).toEqual({ count: 3, open: 2 });
    called('own after');
    pass(1000);
    expect(sum()).toEqual({ count: 4, open: 2 });
  });

  it('stay ended when ticks cannot be compared any more', () => {
    const { presence, know, sum } = world();
    know('gone');
    for (let days = 0; days < 60; days++) presence.look(tickAfter(start, days * 86_400_000));
    expect(sum().open).toBe(1);
  });

  it('are of no interest to a table that does not have them', () => {
    const { know, pass, isTold } = world(['gpc0', 'gpc1']);
    know('gone');
    isTold();
    pass(3 * graceMs);
    expect(isTold()).toBe(false);
  });

  it('wait for a name that is not known yet', () => {
    const { presence, know, pass, sum } = world();
    const link = {};
    know('other');
    presence.speaks(link, 'other');
    presence.speaks(link, '');
    pass(2 * graceMs);
    expect(sum().open).toBe(2);
  });
});
