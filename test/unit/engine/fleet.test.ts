import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Member } from '../../../src/model/member.ts';
import { createFleet, type Reload } from '../../helpers/fleet.ts';
import { member, membership } from '../../helpers/members.ts';
import { randomOf } from '../../helpers/random.ts';
import { gate } from '../../helpers/reconciler.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Every replica hears of the same event within this, in milliseconds. */
const hearing = 40;
/** How often siblings that are away are looked at again. */
const look = 100;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

type Fleet = ReturnType<typeof createFleet>;

interface World {
  readonly fleet: Fleet;
  readonly random: () => number;
  /** All hear that these are the members now. */
  tell(members: readonly (string | Member)[], part?: { awaited?: number; synced?: boolean }): void;
  readonly pass: (ms: number) => Promise<unknown>;
}

const names = ['a', 'b', 'c', 'd'];
const others = ['y', 'z'];

/** Four replicas that have a session with each other, whose sidecars have started at different times. */
function world(seed: number, entries: number, unready = false, lessons = false): World {
  const random = randomOf(seed);
  const fleet = createFleet({ names, others, random, entries, unready, lessons, now: Date.now });
  for (const each of fleet.replicas) setTimeout(each.start, random() * 30_000);
  return {
    fleet,
    random,
    tell(members, part = {}) {
      for (const each of fleet.replicas) {
        const told = { ...membership(...members), ...part };
        setTimeout(() => each.source.set(told), random() * hearing);
      }
    },
    pass: (ms) => vi.advanceTimersByTimeAsync(ms),
  };
}

/** What happens, and that it is done at the end. */
interface Kind {
  readonly what: string;
  act(world: World): Promise<void> | void;
  /** Names that the sections have at the end; missing: of all who are there. */
  readonly end?: readonly string[];
  /** How long all of it takes, at most, with turns of that length. */
  readonly withinMs?: (turnMs: number) => number;
  /** Nobody is ready yet. */
  readonly unready?: boolean;
  /** How many reloads of each replica, at most. */
  readonly reloads?: number;
}

const all = [...names, ...others];
const moved = member('z', { address: '10.1.1.1' });

/** At times of its own each replica wants a reload, within `withinMs`. */
function wished({ fleet, random }: World, withinMs: number): void {
  for (const each of fleet.replicas) {
    setTimeout(() => each.wants('a renewed certificate'), random() * withinMs);
  }
}

/** All answer in the same moment, as on a node that stood still, or each by itself. */
function hang(fleet: Fleet, random: () => number, withinMs: number): void {
  const common = random() < 0.5 ? random() : null;
  for (const each of fleet.replicas) each.apiHangsFor((common ?? random()) * withinMs);
}

function gone({ fleet, tell }: World, ...left: readonly string[]): void {
  for (const name of left) fleet.leaves(name);
  tell(all.filter((name) => !left.includes(name)));
}

const kinds: readonly Kind[] = [
  {
    what: 'one who joins',
    act: ({ fleet, tell }) => tell([...all, fleet.joins('n')]),
    end: [...all, 'n'],
    // Four turns of 700 ms with large tables, and somebody who is not back after one of them.
    withinMs: () => gate.burstWindowMs + 4 * 700 + hearing,
  },
  {
    what: 'two who join one after the other, after others that never came',
    async act({ fleet, tell, pass, random }) {
      const first = fleet.joins('n');
      tell([...all, first], { awaited: 2 });
      await pass(random() * 4000);
      tell([...all, first, fleet.joins('o')], { awaited: 1 });
      await pass(random() * 4000);
      tell([...all, first, member('o')], { awaited: 0 });
    },
    end: [...all, 'n', 'o'],
    reloads: 2,
  },
  {
    what: 'two who join so soon after each other that the reload interval keeps all',
    async act({ fleet, tell, pass }) {
      tell([...all, fleet.joins('n')]);
      await pass(2000);
      tell([...all, 'n', fleet.joins('o')]);
    },
    end: [...all, 'n', 'o'],
    // The turns for the first, the interval of who had the last one, all dates; and three more, for who is not back yet.
    withinMs: (turnMs) =>
      gate.burstWindowMs + gate.minReloadIntervalMs + (4 + 8 + 3) * turnMs + 2 * look + hearing,
    reloads: 2,
  },
  {
    what: 'three who join one after the other and reload for who comes after them',
    async act({ fleet, tell, pass, random }) {
      let members = all;
      for (const order of [1, 2, 3]) {
        const name = `${'acmz'[Math.floor(random() * 4)]}${order}`;
        members = [...members, name];
        tell(members);
        void (async () => {
          do await sleep(200);
          while (!fleet.isKnown(name));
          // Its containers start one after the other.
          await sleep(200 + random() * 1300);
          fleet.arrives(name, members);
        })();
        await pass(300 + random() * 5500);
      }
      await pass(30_000);
    },
    reloads: 3,
  },
  {
    what: 'one who joins while the last name leaves, soon after another joined',
    async act({ fleet, tell, pass, random }) {
      tell([...all, fleet.joins('n')]);
      await pass(1500 + random() * 1500);
      const leaves = member('d', { terminating: true });
      const staying = [...all.filter((name) => name !== 'd'), leaves];
      tell([...staying, 'n', fleet.joins('o')]);
    },
    end: [...all, 'n', 'o'],
    reloads: 2,
  },
  {
    what: 'one who joins long after one died whose line is still there',
    async act({ fleet, tell, pass }) {
      fleet.leaves('z');
      await pass(100_000);
      tell([...all, fleet.joins('n')]);
    },
    end: [...all, 'n'],
    withinMs: (turnMs) => 100_000 + gate.burstWindowMs + gate.staggerLimitMs + 12 * turnMs,
  },
  {
    what: 'one who is gone',
    act: (world) => gone(world, 'z'),
    end: [...names, 'y'],
    withinMs: () => gate.removalDelayMs + 4 * gate.staggerLimitMs,
  },
  {
    what: 'two who are gone, the second just before the first is removed',
    async act(world) {
      gone(world, 'z');
      await world.pass(299_600 + world.random() * 400);
      gone(world, 'y', 'z');
    },
    end: names,
    reloads: 2,
  },
  {
    what: 'one who is gone while HAProxys are down and learn, and Data Plane APIs fail',
    async act(world) {
      gone(world, 'z');
      await world.pass(295_000);
      const { fleet, random } = world;
      for (const each of fleet.replicas) {
        const fault = [each.haproxyDownFor, each.learnsFor, each.apiFailsFor, () => {}];
        fault[Math.floor(random() * fault.length)]?.(random() * 60_000);
      }
    },
    end: [...names, 'y'],
  },
  {
    what: 'one who moved and is not connected',
    act({ fleet, tell }) {
      fleet.losesSessions('z');
      tell([...names, 'y', moved]);
    },
    end: all,
  },
  {
    what: 'one who moved and is connected until later',
    async act({ fleet, tell, pass }) {
      tell([...names, 'y', moved]);
      await pass(100_000);
      fleet.losesSessions('z');
    },
    end: all,
    // Connected, then the delay, then the next common date (every 40 s with large tables) and the turns.
    withinMs: () => 100_000 + gate.removalDelayMs + 40_000 + 20_000,
  },
  {
    what: 'one who moved, one who is gone and one who joins',
    async act(world) {
      gone(world, 'y');
      await world.pass(10_000);
      world.tell([...names, moved]);
      await world.pass(10_000);
      world.tell([...names, moved, world.fleet.joins('n')]);
    },
    end: [...names, 'z', 'n'],
  },
  { what: 'a certificate that all see at once', act: (world) => wished(world, hearing), end: all },
  { what: 'a certificate that each sees by itself', act: (world) => wished(world, 2000), end: all },
  {
    what: 'tables that all have missed',
    act({ fleet, random }) {
      const withinMs = random() * 5000;
      for (const each of fleet.replicas) setTimeout(each.misses, random() * withinMs);
    },
    end: all,
    unready: true,
    withinMs: (turnMs) => 5000 + 250 + 3 * 8 * turnMs,
  },
  {
    what: 'a certificate and one who is gone',
    act(world) {
      gone(world, 'z');
      wished(world, hearing);
    },
    end: [...names, 'y'],
    reloads: 2,
  },
  {
    what: 'peers that somebody wrote and nobody loaded',
    act({ fleet, tell }) {
      tell([...all, fleet.joins('n')]);
      for (const each of fleet.replicas) void each.written(['n']);
    },
    end: [...all, 'n'],
  },
  {
    what: 'one who joins while the members are unknown',
    async act({ fleet, tell, pass, random }) {
      tell(all, { synced: false });
      await pass(hearing + random() * 5000);
      tell([...all, fleet.joins('n')]);
    },
    end: [...all, 'n'],
  },
  {
    what: 'one who joins while HAProxys are down and learn, and Data Plane APIs fail',
    act({ fleet, tell, random }) {
      for (const each of fleet.replicas) {
        const fault = [each.haproxyDownFor, each.learnsFor, each.apiFailsFor, () => {}];
        fault[Math.floor(random() * fault.length)]?.(random() * 20_000);
      }
      tell([...all, fleet.joins('n')]);
    },
    end: [...all, 'n'],
  },
  {
    what: 'one who joins while Data Plane APIs hang',
    async act({ fleet, tell, pass, random }) {
      tell([...all, fleet.joins('n')]);
      await pass(random() * 1500);
      hang(fleet, random, 30_000);
    },
    end: [...all, 'n'],
  },
  {
    what: 'one who is gone while Data Plane APIs hang',
    async act(world) {
      gone(world, 'z');
      await world.pass(298_000 + world.random() * 10_000);
      hang(world.fleet, world.random, 30_000);
    },
    end: [...names, 'y'],
  },
];

/** Reloads of two replicas that had a session, by how far they are apart, closest first. */
function pairs(reloads: readonly Reload[]) {
  return reloads
    .flatMap((one, at) =>
      reloads
        .slice(at + 1)
        .filter(({ name, connected }) => name !== one.name && connected.includes(one.name))
        .map((other) => ({
          apartMs: other.atMs - one.atMs,
          who: `${one.name} at ${one.atMs % 1_000_000}, ${other.name} at ${other.atMs % 1_000_000}`,
        })),
    )
    .sort((one, other) => one.apartMs - other.apartMs);
}

const first = Array.from({ length: 40 }, (_, index) => index + 1);
/** Of 1,200, those in which two reloads once met. */
const seeds = [...first, 118, 218, 225, 331];

describe.each(kinds)(
  '$what',
  ({ act, end: given, unready, withinMs = () => 450_000, reloads = 1 }) => {
    it.each(seeds)('is taken over in turns by replicas side by side (%i)', async (seed) => {
      const large = seed % 3 === 0;
      const each = world(seed, large ? 200_000 : 0, unready);
      await each.pass(60_000);
      expect(each.fleet.reloads).toEqual([]);

      const startedMs = Date.now();
      await act(each);
      await each.pass(450_000);
      each.fleet.stop();

      if (!given) expect(each.fleet.replicas.length).toBe(7);
      const end = given ?? [...each.fleet.replicas.map(({ name }) => name), ...others];
      for (const replica of each.fleet.replicas) {
        const found = (await replica.section()).map(({ name }) => name);
        expect(found.toSorted()).toEqual(end.toSorted());
        expect(replica.wish()).toBeNull();
        const own = each.fleet.reloads.filter(({ name }) => name === replica.name);
        if (names.includes(replica.name)) expect(own.length).toBeGreaterThan(0);
        expect(own.length).toBeLessThanOrEqual(reloads);
      }
      const last = Math.max(...each.fleet.reloads.map(({ atMs }) => atMs));
      expect(last - startedMs).toBeLessThanOrEqual(withinMs(large ? 700 : 300));
      const [closest] = pairs(each.fleet.reloads);
      expect(each.fleet.reloads.filter(({ away }) => away.length > 0)).toEqual([]);
      const { staggerMs } = each.fleet.settings;
      expect(closest?.apartMs, closest?.who).toBeGreaterThanOrEqual(
        (large ? 600 : staggerMs) - hearing - look,
      );
    });
  },
);

it.each(seeds)(
  'names that come without end keep nobody from its turn for long (%i)',
  async (seed) => {
    const { fleet, tell, pass } = world(seed, 0);
    await pass(60_000);

    const startedMs = Date.now();
    let members = all;
    for (let order = 1; order <= 40; order++) {
      members = [...members, `n${order}`];
      tell(members);
      await pass(900);
    }
    await pass(60_000);
    fleet.stop();

    // Somebody is always away for a reload then. Half of --join-timeout, which those who come wait for.
    const longestMs = 30_000;
    for (const replica of fleet.replicas) {
      const own = fleet.reloads.filter(({ name }) => name === replica.name);
      const times = [startedMs, ...own.map(({ atMs }) => atMs)];
      const waits = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
      expect(waits.length).toBeGreaterThan(1);
      expect(Math.max(...waits)).toBeLessThanOrEqual(longestMs);
      expect((await replica.section()).length).toBe(members.length);
    }
  },
);

describe.each(kinds)('$what, with a line for lessons', ({ act, unready }) => {
  /** What became of it: every reload with its time, and the sections at the end. */
  async function run(seed: number, lessons: boolean) {
    vi.setSystemTime(1_000_000_000);
    const each = world(seed, 0, unready, lessons);
    await each.pass(60_000);
    await act(each);
    await each.pass(450_000);
    each.fleet.stop();
    const sections = await Promise.all(each.fleet.replicas.map((replica) => replica.section()));
    return { reloads: each.fleet.reloads, sections };
  }

  it.each([3, 118])('ends as it would without one, after the same reloads (%i)', async (seed) => {
    const without = await run(seed, false);

    expect(without.reloads.length).toBeGreaterThan(0);
    expect(await run(seed, true)).toEqual(without);
  });
});
