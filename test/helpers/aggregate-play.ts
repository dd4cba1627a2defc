import { ticksSince } from '../../src/aggregate/codec/ticks.ts';
import { expireMs, type Flaws, World } from './aggregate-world.ts';
import { randomOf } from './random.ts';

const keys = ['a', 'b', 'c'];

interface Frozen {
  readonly origin: string;
  readonly key: string;
  /** As its sidecar knew it when HAProxy crashed. */
  readonly count: number;
  /** That sidecar has been there since. */
  isKnown: boolean;
  readonly replica: number;
}

/** Something happens. Returns what it was. */
function happen(
  world: World,
  random: () => number,
  frozen: Frozen[],
  cleared: Set<number>,
): string {
  const pick = (count: number) => Math.floor(random() * count);
  const count = world.replicas.length;
  const at = pick(count);
  const replica = world.replicas[at];
  const what = random();
  if (replica === undefined) return '';
  if (what < 0.5) {
    const key = keys[pick(keys.length)] ?? '';
    world.count(at, key, pick(5));
    return `${at} counts ${key}`;
  }
  if (what < 0.6) {
    const other = pick(count);
    if (world.isLinked(at, other)) world.cut(at, other);
    else world.link(at, other);
    return `link ${at} ${other}`;
  }
  if (what < 0.64) {
    for (const one of frozen) if (one.replica === at) one.isKnown = false;
    world.restart(
      at,
      [...world.replicas.keys()].filter(() => random() < 0.7),
    );
    return `sidecar ${at} restarts`;
  }
  if (what < 0.68) {
    world.connect(at);
    cleared.delete(at);
    return `HAProxy ${at} is reloaded`;
  }
  if (what < 0.7) {
    if (!replica.isUp) return '';
    const { origin } = replica.haproxy;
    // A lesson that was not over yet is lost with HAProxy, and the others hold what they held.
    for (const key of origin === null ? [] : keys) {
      const part = world.part(at, origin ?? '', key);
      const isKnown = replica.ledger.isSettled && part !== null;
      frozen.push({ origin: origin ?? '', key, count: part?.count ?? 0, isKnown, replica: at });
    }
    world.crash(at);
    cleared.delete(at);
    return `HAProxy ${at} crashes`;
  }
  if (what < 0.73) {
    if (replica.isUp) world.disconnect(at);
    else world.connect(at);
    return `session ${at} is ${replica.isUp}`;
  }
  if (what < 0.75) {
    replica.haproxy.table.delete(keys[pick(keys.length)] ?? '');
    cleared.add(at);
    return `HAProxy ${at} is cleared`;
  }
  if (what < 0.8) {
    world.pass(pick(8) === 0 ? 4000 : 1 + pick(600));
    return 'time passes';
  }
  if (what < 0.82) {
    for (const { exchange } of world.replicas) exchange.remind();
    return 'reminders';
  }
  world.work(1 + pick(300));
  return 'bytes arrive';
}

/** What must be true when all links are whole and nothing is under way. Throws what is not. */
function check(world: World, frozen: readonly Frozen[]): void {
  const parts = (origin: string, key: string) =>
    world.replicas.map((_, at) => world.part(at, origin, key));
  for (const key of keys) {
    // Where something expires just now, bytes that were under way for some time make a difference.
    const ends = world.replicas.flatMap((replica, at) =>
      [
        ...new Set([
          ...world.replicas.map(({ haproxy }) => haproxy.origin ?? ''),
          ...frozen.map(({ origin }) => origin),
        ]),
      ]
        .flatMap((origin) => world.part(at, origin, key)?.ends ?? [])
        .concat(replica.haproxy.table.get(key)?.ends ?? []),
    );
    if (ends.some((tick) => Math.abs(ticksSince(world.now, tick)) < 3000)) continue;
    let count = 0;
    const tags: number[] = [0];
    for (const { haproxy } of world.replicas) {
      const entry = haproxy.table.get(key);
      count += entry?.count ?? 0;
      tags.push(entry?.tag ?? 0);
    }
    for (const one of frozen.filter((each) => each.key === key)) {
      const held = parts(one.origin, key);
      const newest = held.reduce(
        (best, part) => ((part?.order ?? -1) > (best?.order ?? -1) ? part : best),
        null,
      );
      if (one.isKnown && newest !== null && newest.count !== one.count)
        throw new Error(`${key}: ${newest.count} is left of ${one.count}`);
      count += newest?.count ?? 0;
      tags.push(newest?.tag ?? 0);
    }
    for (const at of world.replicas.keys()) {
      const sum = world.sum(at, key) ?? { count: 0, tag: 0 };
      if (sum.count !== count)
        throw new Error(`${key} on ${at}: ${sum.count} in place of ${count}`);
      if (sum.tag !== Math.max(...tags)) throw new Error(`${key} on ${at}: tag ${sum.tag}`);
    }
  }
}

/** One run; what is wrong at its end, or null. */
export function play(seed: number, flaws: Flaws = {}): string | null {
  const random = randomOf(seed);
  const world = new World(2 + (seed % 4), flaws);
  const frozen: Frozen[] = [];
  const cleared = new Set<number>();
  const history: string[] = [];
  try {
    for (let step = 0; step < 60; step++) history.push(happen(world, random, frozen, cleared));
    for (const left of world.replicas.keys()) {
      for (const right of world.replicas.keys()) world.link(left, right);
      // A clear shows at the next lesson at the latest.
      if (world.replicas[left]?.isUp !== true || cleared.has(left)) world.connect(left);
    }
    world.settle();
    check(world, frozen);
    world.pass(2 * expireMs);
    for (const key of keys)
      for (const at of world.replicas.keys())
        if (world.sum(at, key) !== null) throw new Error(`${key} on ${at} does not expire`);
    return null;
  } catch (error) {
    return `seed ${seed}: ${error instanceof Error ? error.message : error}\n${history.filter((line) => line !== '').join('\n')}`;
  }
}

/** The first of these runs at whose end something is wrong, and what; null: none. */
export function firstWrong(from: number, to: number, flaws: Flaws = {}): string | null {
  for (let seed = from; seed <= to; seed++) {
    const wrong = play(seed, flaws);
    if (wrong !== null) return wrong;
  }
  return null;
}
