import { describe, expect, it, onTestFinished } from 'vitest';
import { monotonicNow, sleep } from '../../../src/clock.ts';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { type Replica, startReplica } from '../../../src/modules/aggregate/replica/replica.ts';
import { eventually } from '../../helpers/eventually.ts';
import { runningStreams } from '../../helpers/memory-streams.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyEnds, unless } from '../../helpers/skip.ts';
import { type AggregateStand, startAggregateStand } from '../../rig/aggregate-stand.ts';

const table = { name: 'T', type: 'string len 32', store: 'gpc0,http_req_cnt,http_req_rate(3s)' };

/** Three HAProxys, each with a replica, linked with each other within this process. */
async function startSet(haproxy: string) {
  const stands = await Promise.all([0, 1, 2].map(() => startAggregateStand(haproxy, [table])));
  for (const stand of stands) onTestFinished(() => stand.stop());
  const replicas: Replica[] = [];
  const links = new Map<string, () => void>();
  const at = (index: number): AggregateStand => stands[index] ?? expect.fail();
  const start = (index: number) =>
    startReplica({
      ...{ at: at(index).at, local: 'a', slot: 'agg', maxKeys: 10_000, ended: () => {} },
      suffixes: { sum: '.sum', others: '.others', max: '.max' },
    });
  function link(left: number, right: number): void {
    const streams = runningStreams();
    const broken = (why: string) => expect.fail(why);
    const leave = [
      replicas[left]?.join(streams.left, broken),
      replicas[right]?.join(streams.right, broken),
    ];
    links.set([left, right].toSorted().join(), () => {
      streams.cut();
      for (const act of leave) act?.();
    });
  }
  const cut = (left: number, right: number) => links.get([left, right].toSorted().join())?.();
  for (const index of stands.keys()) replicas.push(start(index));
  for (const [left, right] of [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const)
    link(left, right);
  onTestFinished(async () => void (await Promise.all(replicas.map((replica) => replica.stop()))));
  const current = () => eventually(() => replicas.every(({ isCurrent }) => isCurrent));
  await current();
  return {
    ...{ stands, replicas, link, cut, current, at },
    async restart(index: number): Promise<void> {
      await replicas[index]?.stop();
      for (const other of stands.keys()) cut(index, other);
      replicas[index] = start(index);
      for (const other of stands.keys()) if (other !== index) link(index, other);
    },
  };
}

type Set = Awaited<ReturnType<typeof startSet>>;

/** Requests of these keys, so many a second on each HAProxy. What was answered, by key. */
function load({ at }: Set, rates: readonly number[], keys: number) {
  const counted = new Map<string, number>();
  let isOver = false;
  const done = Promise.all(
    rates.map(async (rate, index) => {
      const startMs = monotonicNow();
      const under: Promise<void>[] = [];
      for (let sent = 0; !isOver; ) {
        for (const due = ((monotonicNow() - startMs) * rate) / 1000; sent < due; sent++) {
          const key = `k${sent % keys}`;
          under.push(
            at(index)
              .request(key)
              .then((status) => {
                if (status === 200) counted.set(key, (counted.get(key) ?? 0) + 1);
              }),
          );
        }
        await sleep(2);
      }
      await Promise.all(under);
    }),
  );
  return async (count = 0) => {
    await eventually(() => [...counted.values()].reduce((sum, one) => sum + one, 0) >= count);
    isOver = true;
    await done;
    return counted;
  };
}

async function sums({ stands }: Set, keys: Iterable<string>) {
  const all: Record<string, (number | undefined)[]> = {};
  for (const key of keys)
    all[key] = await Promise.all(
      stands.map(async (stand) => (await stand.entry('T.sum', key))?.gpc0),
    );
  return all;
}

const everywhere = (counted: ReadonlyMap<string, number>) =>
  Object.fromEntries([...counted].map(([key, count]) => [key, [count, count, count]]));

/** What is said of the sums after so long without a request. */
const quietMs = 200;

describe.each(haproxyVersions)('three HAProxys %s', (title, haproxy) => {
  describe('real', unless(missingOf({ [`HAProxy ${title}`]: haproxy }) ?? onlyEnds(title)), () => {
    it('have the true sums 200 ms after the last request, through a reload, a new sidecar and a cut link', async () => {
      const set = await startSet(haproxy ?? '');
      const first = await load(set, [200, 0, 0], 7)(50);
      // Requests of a HAProxy that is being reloaded are not all in its table afterwards, whoever looks.
      const stop = load(set, [0, 120, 40], 7);
      await eventually(async () => ((await set.at(2).entry('T.sum', 'k0'))?.gpc0 ?? 0) > 10);
      await reloadOverMaster(set.at(0).masterSocket);
      await set.restart(1);
      set.cut(0, 2);
      await set.current();
      set.link(0, 2);
      await eventually(async () => ((await set.at(1).entry('T.sum', 'k0'))?.gpc0 ?? 0) > 60);

      const counted = await stop();
      for (const [key, count] of first) counted.set(key, (counted.get(key) ?? 0) + count);

      await sleep(quietMs);
      expect(await sums(set, counted.keys())).toEqual(everywhere(counted));
      const [one, other] = await Promise.all([
        set.at(0).entry('T.sum', 'k1'),
        set.at(0).entry('T', 'k1'),
      ]);
      expect(one?.http_req_cnt).toBe(counted.get('k1'));
      expect(other?.gpc0).toBeLessThan(counted.get('k1') ?? 0);
    });

    it('have rates that are the sum of theirs, and refuse a client that is over the limit on all of them', async () => {
      const set = await startSet(haproxy ?? '');
      const answers = new Map<number, number>();
      const startMs = monotonicNow();
      const under: Promise<unknown>[] = [];
      for (let sent = 0; sent < 900; ) {
        for (const due = (monotonicNow() - startMs) * 0.9; sent < Math.min(due, 900); sent++)
          under.push(
            set
              .at(sent % 3)
              .request('client', '/limit')
              .then((status) => answers.set(status, (answers.get(status) ?? 0) + 1)),
          );
        await sleep(1);
      }
      await Promise.all(under);
      const passed = answers.get(200) ?? 0;
      console.log(`HAProxy ${title}: ${passed} of 900 requests in 1 s passed a limit of 100`);
      expect(passed).toBeGreaterThanOrEqual(100);
      // How many more than 100 depends on the machine: what is asked for within about 20 ms, where it has nothing else to do.
      expect(answers.get(429)).toBeGreaterThan(0);
      await sleep(quietMs);
      const rates = await Promise.all(
        set.stands.map(async (stand) => {
          const [all, own] = await Promise.all([
            stand.entry('T.sum', 'client'),
            stand.entry('T', 'client'),
          ]);
          return { all: all?.http_req_rate ?? 0, own: own?.http_req_rate ?? 0 };
        }),
      );
      const total = rates.reduce((sum, { own }) => sum + own, 0);
      for (const { all } of rates) expect(Math.abs(all - total) / total).toBeLessThan(0.04);
      for (const index of [0, 1, 2])
        expect(await set.at(index).request('client', '/limit')).toBe(429);
    });
  });
});
