import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunningServer } from '../../../../../src/haproxy/servers-state.ts';
import {
  firstId,
  isOwnId,
  serverIds,
} from '../../../../../src/modules/backends/endpoints/server-id.ts';
import { gatesOf } from '../../../../../src/modules/backends/plan/gates.ts';
import { type PlanInput, planServers } from '../../../../../src/modules/backends/plan/plan.ts';
import type { Step } from '../../../../../src/modules/backends/plan/step.ts';
import type { WantedServer } from '../../../../../src/modules/backends/server.ts';
import { twins } from '../../../../helpers/twins.ts';

const all = { add: null, toggle: null, delete: null };

function wanted(name: string, part: Partial<WantedServer> = {}): WantedServer {
  const id = firstId(name);
  return { name, id, address: '10.0.0.1', port: 8080, weight: 1, state: 'up', ...part };
}

function running(name: string, part: Partial<RunningServer> = {}): RunningServer {
  const rest = { inMaintenance: false, checkIsOff: false, forSeconds: 0 };
  return { name, id: firstId(name), address: '10.0.0.1', port: 8080, weight: 1, ...rest, ...part };
}

const base: PlanInput = {
  ...{ backend: 'be_app', wanted: [], running: [], params: [], balance: 'roundrobin' },
  ...{ gates: all, onEmpty: 'maint', deleteAfterMs: 60_000, drainLimitMs: 600_000 },
};

function plan(part: Partial<PlanInput>) {
  return planServers({ ...base, ...part });
}

function lines(part: Partial<PlanInput>): readonly string[] {
  return plan(part).steps.map(({ line }) => line);
}

describe('two names with one id', () => {
  const [one, other] = twins();
  const id = firstId(one);
  const both = [...serverIds([one, other])].map(([name, each]) => wanted(name, { id: each }));
  const added = (part: Partial<PlanInput>) =>
    lines(part).flatMap(
      (line) => /^add server be_app\/(\S+) .* id (\d+)/.exec(line)?.slice(1) ?? [],
    );

  it('are told apart by their order', () => {
    expect(added({ wanted: both })).toEqual([one, `${id}`, other, `${id + 1}`]);
  });

  it('do not take the id of one that runs, which keeps it', () => {
    const now = [running(other)];

    expect(added({ wanted: both, running: now })).toEqual([one, `${id + 1}`]);
    expect(lines({ wanted: both, running: now }).join()).not.toContain(`be_app/${other}`);
  });

  it('do not take that of one that is gone and not yet deleted, nor that of somebody else', () => {
    const gone = running(one, { inMaintenance: true });
    const theirs = running('static1', { id: id + 1 });

    expect(added({ wanted: [wanted(other)], running: [gone, theirs] })).toEqual([
      other,
      `${id + 2}`,
    ]);
  });

  it('have an id each that nobody has, and that is known for ours, whatever runs already', () => {
    const name = fc.constantFrom(one, other, 'app-a', 'app-b');
    const names = fc.uniqueArray(name);
    const offset = fc.integer({ min: 0, max: 3 });
    fc.assert(
      fc.property(
        names,
        names,
        fc.array(offset, { minLength: 4, maxLength: 4 }),
        (next, now, at) => {
          const ids = serverIds(next);
          const there = now.map((each, index) =>
            running(each, { id: firstId(each) + (at[index] ?? 0) }),
          );
          fc.pre(new Set(there.map((each) => each.id)).size === there.length);
          const input = {
            wanted: next.map((each) => wanted(each, { id: ids.get(each) ?? 0 })),
            running: there,
          };
          const all = new Set(there.map((each) => each.id));
          const told = added(input);
          for (let index = 0; index < told.length; index += 2) {
            const given = Number(told[index + 1]);
            expect(all.has(given)).toBe(false);
            expect(isOwnId(told[index] ?? '', given)).toBe(true);
            all.add(given);
          }
          expect(told).toHaveLength(2 * next.filter((each) => !now.includes(each)).length);
        },
      ),
    );
  });
});

describe('what the worker is told', () => {
  it('is nothing where it has what is wanted', () => {
    expect(plan({ wanted: [wanted('app-a')], running: [running('app-a')] })).toEqual({
      ...{ steps: [], holds: [], keeps: false, wakeMs: null },
    });
  });

  it('is a server that is missing, with its id, and then that it is enabled', () => {
    expect(lines({ wanted: [wanted('app-a')] })).toEqual([
      `add server be_app/app-a 10.0.0.1:8080 id ${firstId('app-a')} weight 1`,
      'enable server be_app/app-a',
    ]);
  });

  it('has what default-server would have given, and the check is switched on before anybody comes', () => {
    const params = ['check', 'inter', '2s', 'cookie', 'a b;c'];

    expect(lines({ wanted: [wanted('app-a', { address: 'fd00::1' })], params })).toEqual([
      `add server be_app/app-a [fd00::1]:8080 id ${firstId('app-a')} weight 1 check inter 2s cookie a\\ b\\;c`,
      'enable health be_app/app-a',
      'enable server be_app/app-a',
    ]);
  });

  it('is another address, for a pod that has one', () => {
    expect(
      lines({ wanted: [wanted('app-a', { address: '10.0.0.9' })], running: [running('app-a')] }),
    ).toEqual(['set server be_app/app-a addr 10.0.0.9 port 8080']);
  });

  it('is nothing where an IPv6 address is only spelled otherwise', () => {
    const of = (address: string) => [wanted('app-a', { address })];
    const now = [running('app-a', { address: 'fd00::1' })];

    expect(lines({ wanted: of('fd00:0:0::0001'), running: now })).toEqual([]);
    expect(lines({ wanted: of('fd00::2'), running: now })).toHaveLength(1);
  });

  it('is weight 0 for who drains, and back', () => {
    const drains = wanted('app-a', { weight: 0, state: 'drain' });

    expect(lines({ wanted: [drains], running: [running('app-a')] })).toEqual([
      'set server be_app/app-a weight 0',
    ]);
    expect(
      lines({ wanted: [wanted('app-a')], running: [running('app-a', { weight: 0 })] }),
    ).toEqual(['set server be_app/app-a weight 1']);
  });

  it('is who drains, after another worker has come that never had it, because clients stick to it', () => {
    expect(lines({ wanted: [wanted('app-a', { weight: 0, state: 'drain' })] })).toEqual([
      `add server be_app/app-a 10.0.0.1:8080 id ${firstId('app-a')} weight 0`,
      'enable server be_app/app-a',
    ]);
  });

  it('is maintenance for who does not serve, or is gone, and nothing more while that lasts', () => {
    const failing = wanted('app-a', { state: 'maint' });
    const now = [running('app-a'), running('app-b')];

    expect(lines({ wanted: [failing], running: now })).toEqual([
      'set server be_app/app-a state maint',
      'set server be_app/app-b state maint',
    ]);
    const after = now.map((each) => ({ ...each, inMaintenance: true, forSeconds: 59 }));
    expect(plan({ wanted: [failing], running: after })).toMatchObject({ steps: [], wakeMs: 1000 });
  });

  it('is no server that would be in maintenance', () => {
    expect(lines({ wanted: [wanted('app-a', { state: 'maint' })] })).toEqual([]);
  });

  it('is that it serves again, at the address that it has now', () => {
    const was = running('app-a', { inMaintenance: true, weight: 0, forSeconds: 10 });

    expect(lines({ wanted: [wanted('app-a', { port: 81 })], running: [was] })).toEqual([
      'set server be_app/app-a addr 10.0.0.1 port 81',
      'set server be_app/app-a weight 1',
      'enable server be_app/app-a',
    ]);
  });

  it('is the rest of what was begun, where a program ended in the middle', () => {
    const half = running('app-a', { inMaintenance: true, checkIsOff: true });

    expect(lines({ wanted: [wanted('app-a')], running: [half] })).toEqual([
      'enable health be_app/app-a',
      'enable server be_app/app-a',
    ]);
  });

  it('is that what is gone is deleted, after its time, and its connections are closed after theirs', () => {
    const gone = (forSeconds: number) => [running('app-a', { inMaintenance: true, forSeconds })];

    expect(lines({ running: gone(60) })).toEqual(['del server be_app/app-a']);
    expect(lines({ running: gone(600) })).toEqual([
      'shutdown sessions server be_app/app-a',
      'del server be_app/app-a',
    ]);
    expect(lines({ running: gone(6000), drainLimitMs: 0 })).toEqual(['del server be_app/app-a']);
  });

  it('is first what gives capacity, and last what only tidies up', () => {
    const now = [
      running('app-a'),
      running('app-b', { inMaintenance: true, forSeconds: 90 }),
      running('app-c', { weight: 0 }),
    ];
    const next = [wanted('app-c'), wanted('app-d', { address: '10.0.0.4' })];

    expect(plan({ wanted: next, running: now }).steps.map(({ kind }) => kind)).toEqual([
      ...['weight', 'add', 'enable', 'maintain', 'delete'],
    ]);
  });
});

describe('what others have made', () => {
  it('is left alone, whatever is wanted', () => {
    const theirs = [
      running('static1', { id: 1 }),
      running('static2', { id: 2, inMaintenance: true, forSeconds: 900, weight: 0 }),
    ];

    expect(plan({ running: theirs })).toMatchObject({ steps: [], holds: [] });
    const { steps, holds } = plan({ running: theirs, wanted: [wanted('static1')] });
    expect(steps).toEqual([]);
    expect(holds).toEqual([
      'be_app has a server static1 of its own, so the pod of that name is left out',
    ]);
  });
});

describe('no endpoint at all', () => {
  it('is maintenance for all, or nothing with --on-empty keep', () => {
    const now = [running('app-a'), running('app-b', { inMaintenance: true, forSeconds: 90 })];
    const failing = [wanted('app-a', { state: 'maint' })];

    expect(lines({ running: now })).toHaveLength(2);
    expect(lines({ running: now, onEmpty: 'keep' })).toEqual([]);
    expect(lines({ running: now, wanted: failing, onEmpty: 'keep' })).toEqual([]);
    expect(lines({ running: now, wanted: [wanted('app-c')], onEmpty: 'keep' })).toHaveLength(4);
  });
});

describe('what HAProxy cannot be trusted with', () => {
  const one = { wanted: [wanted('app-a')] };
  const gone = { running: [running('app-b', { inMaintenance: true, forSeconds: 90 })] };

  it.each([
    [[2, 4, 0], 'add', 0, 0],
    [[2, 6, 12], 'auto', 0, 0],
    [[2, 6, 12], 'add', 2, 0],
    [[2, 8, 3], 'add', 2, 0],
    [[3, 0, 0], 'auto', 2, 1],
    [[3, 4, 0], 'auto', 2, 1],
  ] as const)('with %j and --dynamic %s', (version, dynamic, adds, deletes) => {
    const gates = gatesOf(version, 'roundrobin', dynamic);

    expect(plan({ ...one, gates }).steps).toHaveLength(adds);
    expect(plan({ ...one, gates }).holds).toHaveLength(adds === 0 ? 1 : 0);
    expect(plan({ ...gone, gates }).steps).toHaveLength(deletes);
  });

  it.each([
    [[3, 2, 5], 'leastconn', null],
    [[3, 2, 6], 'roundrobin', null],
    [[3, 2, 6], 'leastconn', 'HAProxy 3.2.6'],
    [[3, 3, 1], 'leastconn', 'HAProxy 3.3.1'],
    [[3, 4, 0], 'leastconn', null],
  ] as const)('%j with %s', (version, balance, held) => {
    const gates = gatesOf(version, balance, 'auto');
    const { steps, holds } = plan({ ...one, running: [running('app-c')], gates, balance });

    if (held === null) expect(steps.length).toBeGreaterThan(0);
    else
      expect({ steps, first: holds[0]?.slice(0, held.length) }).toEqual({ steps: [], first: held });
  });

  it('takes no more than 4,095 with roundrobin, and the same on each replica', () => {
    const many = Array.from({ length: 4100 }, (_, index) =>
      wanted(`app-${String(index).padStart(4, '0')}`, { id: 70_000 + index }),
    );
    const { steps, holds } = plan({ wanted: many });

    expect(steps.filter(({ kind }) => kind === 'add')).toHaveLength(4095);
    expect(steps.some(({ server }) => server === 'app-4095')).toBe(false);
    expect(holds).toEqual([
      '5 endpoints are left out: "balance roundrobin" has room for 4095 servers; leastconn has no limit',
    ]);
    expect(plan({ wanted: many, balance: 'leastconn' }).holds).toEqual([]);
  });
});

/** What the worker has after these commands: a part of HAProxy that is simple, for any sequence of plans. */
function carriedOut(
  servers: readonly RunningServer[],
  steps: readonly Step[],
): readonly RunningServer[] {
  const next = new Map(servers.map((each) => [each.name, each]));
  for (const { kind, server, line } of steps) {
    const words = line.split(' ');
    const now = next.get(server);
    const put = (part: Partial<RunningServer>) => {
      expect(now, line).toBeDefined();
      next.set(server, { ...running(server), ...now, ...part });
    };
    switch (kind) {
      case 'add': {
        expect(now, line).toBeUndefined();
        const [address = '', port = ''] = (words[3] ?? '').split(':');
        const numbers = { id: Number(words[5]), weight: Number(words[7]), port: Number(port) };
        next.set(server, {
          ...running(server),
          address,
          ...numbers,
          inMaintenance: true,
          checkIsOff: true,
        });
        break;
      }
      case 'check':
        put({ checkIsOff: false });
        break;
      case 'address':
        put({ address: words[4] ?? '', port: Number(words[6]) });
        break;
      case 'weight':
        put({ weight: Number(words[4]) });
        break;
      case 'enable':
        put({ inMaintenance: false });
        break;
      case 'maintain':
        put({ inMaintenance: true, forSeconds: 0 });
        break;
      case 'close':
        break;
      case 'delete':
        expect(now?.inMaintenance, line).toBe(true);
        next.delete(server);
    }
  }
  return [...next.values()];
}

const names = Array.from({ length: 12 }, (_, index) => `app-${index}`);
const ids = serverIds(names);

const anyWanted = fc.uniqueArray(
  fc
    .record({
      name: fc.constantFrom(...names),
      address: fc.integer({ min: 1, max: 250 }).map((last) => `10.0.0.${last}`),
      port: fc.constantFrom(80, 8080),
      state: fc.constantFrom('up' as const, 'drain' as const, 'maint' as const),
    })
    .map((part) =>
      wanted(part.name, {
        ...part,
        id: ids.get(part.name) ?? 0,
        weight: part.state === 'drain' ? 0 : 1,
      }),
    ),
  { selector: ({ name }) => name },
);

describe('whatever is wanted, one after the other', () => {
  const statics = [
    running('static1', { id: 1 }),
    running('static2', { id: 2, inMaintenance: true }),
  ];
  const params = ['check'];

  it('is there after one round, the next one has nothing to do, and nobody else is touched', () => {
    fc.assert(
      fc.property(fc.array(anyWanted, { minLength: 1, maxLength: 6 }), (rounds) => {
        let servers: readonly RunningServer[] = statics;
        for (const next of rounds) {
          const { steps, holds } = plan({ wanted: next, running: servers, params });
          servers = carriedOut(servers, steps);
          expect(holds).toEqual([]);
          expect(plan({ wanted: next, running: servers, params }).steps).toEqual([]);
          for (const { name, state, address, port, weight } of next) {
            const now = servers.find((each) => each.name === name);
            if (state === 'maint') expect(now?.inMaintenance ?? true).toBe(true);
            else
              expect(now).toMatchObject({
                address,
                port,
                weight,
                inMaintenance: false,
                checkIsOff: false,
              });
          }
          const used = servers
            .filter(({ inMaintenance }) => !inMaintenance)
            .map(({ name }) => name);
          const may = next.filter(({ state }) => state !== 'maint').map(({ name }) => name);
          expect(used.toSorted()).toEqual([...may, 'static1'].toSorted());
          expect(servers.slice(0, 2)).toEqual(statics);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is reached from wherever the commands before it ended', () => {
    fc.assert(
      fc.property(anyWanted, anyWanted, fc.nat(60), (first, second, cut) => {
        const begun = plan({ wanted: first, running: statics, params }).steps.slice(0, cut);
        const servers = carriedOut(statics, begun);
        const whole = carriedOut(servers, plan({ wanted: second, running: servers, params }).steps);
        expect(plan({ wanted: second, running: whole, params }).steps).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('never has less in use than before and after, while both are told', () => {
    fc.assert(
      fc.property(anyWanted, anyWanted, (first, second) => {
        let servers = carriedOut(statics, plan({ wanted: first, running: statics, params }).steps);
        const used = (all: readonly RunningServer[]) =>
          all.filter(({ inMaintenance, weight }) => !inMaintenance && weight > 0).length;
        const { steps } = plan({ wanted: second, running: servers, params });
        const least = Math.min(used(servers), used(carriedOut(servers, steps)));
        for (const each of steps) {
          servers = carriedOut(servers, [each]);
          expect(used(servers)).toBeGreaterThanOrEqual(least);
        }
      }),
      { numRuns: 300 },
    );
  });
});
