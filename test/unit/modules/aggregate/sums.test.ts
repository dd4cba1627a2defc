import { describe, expect, it, onTestFinished } from 'vitest';
import { Ledger } from '../../../../src/aggregate/store/ledger.ts';
import { sleep } from '../../../../src/clock.ts';
import type { Member } from '../../../../src/model/member.ts';
import type { Observed } from '../../../../src/model/observed.ts';
import type {
  ReplicaOptions,
  startReplica,
} from '../../../../src/modules/aggregate/replica/replica.ts';
import { type LinkToSum, startSums } from '../../../../src/modules/aggregate/sums.ts';
import { createMetrics } from '../../../../src/modules/metrics.ts';
import { capturedLog } from '../../../helpers/captured-log.ts';
import { eventually } from '../../../helpers/eventually.ts';
import { membership } from '../../../helpers/members.ts';

const up: Observed = { kind: 'up', state: null };
const down: Observed = { kind: 'down', why: 'nobody listens' };
const member = (name: string, more: Partial<Member> = {}): Member => ({
  ...{ name, address: '10.0.0.1', terminating: false, ...more },
});

/** Sums with a replica that the test plays, as its session needs a HAProxy. */
function start(...members: readonly Member[]) {
  const { log, lines } = capturedLog();
  const metrics = createMetrics({ version: 'test', node: '24' });
  const joined: { pod: string; broken: (why: string) => void; left: boolean }[] = [];
  let replica: ReplicaOptions | null = null;
  let isCurrent = false;
  let nowMs = 1000;
  let pokes = 0;
  const redialled: string[] = [];
  let worker = 1;
  let next = '';
  const play: typeof startReplica = (options) => {
    replica = options;
    return {
      ledger: new Ledger({ maxKeys: 10, seed: () => 1 }),
      join(_, broken) {
        const entry = { pod: next, broken, left: false };
        joined.push(entry);
        return () => {
          entry.left = true;
        };
      },
      get isCurrent() {
        return isCurrent;
      },
      redial: (why) => void redialled.push(why),
      stop: async () => {},
    };
  };
  const sums = startSums({
    ...{ at: { path: '/agg.sock' }, localName: 'self', slot: 'agg', maxKeys: 10 },
    ...{ suffix: { sum: '.sum', others: '.others', max: '.max' }, start: play, log, metrics },
    ...{ selfName: 'a', membership: () => membership(...members), now: () => nowMs },
    running: async () => ({ kind: 'worker', worker: { pid: worker, startedAtSeconds: worker } }),
    poke: () => {
      pokes += 1;
    },
  });
  onTestFinished(() => sums.stop());
  const options = () => replica ?? expect.fail();
  return {
    ...{ sums, lines, joined, options, metrics, redialled },
    reload() {
      worker += 10;
    },
    pokes: () => pokes,
    later(ms: number) {
      nowMs += ms;
    },
    current(is: boolean) {
      isCurrent = is;
      options().onCurrent?.(is);
    },
    /** Another sidecar is linked; `silent`: it says nothing of sums. Closes it. */
    link(pod: string, silent = false) {
      const { promise: closed, resolve } = Promise.withResolvers<string>();
      const stream = { write: () => true, onDrain() {}, onData() {} };
      const link: LinkToSum = { other: { pod }, sums: silent ? null : stream, closed };
      next = pod;
      sums.linked(link);
      return async () => {
        resolve('it has gone');
        await closed;
      };
    },
  };
}

describe('the sums of all replicas', () => {
  it('hold back a pod until they are there, and for ten seconds at most', () => {
    const { sums, current, later, pokes } = start();
    const waits = (observed: Observed = up) => sums.module.waits?.(observed);
    expect(waits(down)).toBeNull();
    later(60_000);
    expect(waits()).toMatch(/are not there yet/);
    later(9999);
    expect(waits()).toMatch(/are not there yet/);
    later(1);
    expect(waits()).toBeNull();
    expect(sums.module.trouble?.()).toMatch(/^no sums are told to HAProxy: there was no session/);
    current(true);
    expect([waits(), sums.module.trouble?.(), pokes()]).toEqual([null, null, 1]);
    current(false);
    expect(waits()).toMatch(/are not there yet/);
  });

  it('wait for the links with those that run, and with nobody else', async () => {
    const { options, link } = start(
      ...[member('a'), member('b'), member('new', { serving: false })],
      member('old', { terminating: true }),
    );
    expect(options().isAwaited?.()).toBe(true);
    const close = link('b');
    expect(options().isAwaited?.()).toBe(false);
    await close();
    expect(options().isAwaited?.()).toBe(true);
  });

  it('come from a link as long as it is there', async () => {
    const { sums, link, joined } = start(member('a'), member('b'));
    const close = link('b');
    expect(sums.status()).toMatchObject({ current: false, links: 1, origins: 0, tables: [] });
    await close();
    expect(joined).toMatchObject([{ pod: 'b', left: true }]);
    expect(sums.status().links).toBe(0);
  });

  it('keep the newer one of two links with a pod, whichever ends first', async () => {
    const { sums, link, joined } = start(member('b'));
    const first = link('b');
    link('b');
    await first();
    expect(joined.map(({ left }) => left)).toEqual([true, false]);
    expect(sums.status().links).toBe(1);
  });

  it('say who says nothing of them', () => {
    const { sums, link, joined } = start(member('b'));
    link('b', true);
    expect(joined).toEqual([]);
    expect(sums.module.trouble?.()).toMatch(/^no sums of b: its sidecar runs without --aggregate/);
    expect(sums.status().links).toBe(0);
  });

  it('do without who says what cannot be read, and say so', () => {
    const { sums, link, joined, lines } = start(member('b'));
    link('b');
    joined[0]?.broken('a message of type 77');
    expect(joined[0]?.left).toBe(true);
    expect(sums.module.trouble?.()).toBe('no sums of b: a message of type 77');
    expect(lines).toContainEqual(expect.objectContaining({ code: 'BUG', pod: 'b' }));
  });

  it('tell a reason once, however often it comes', () => {
    const { options, lines } = start();
    for (let time = 0; time < 3; time++) options().ended('nobody listens');
    expect(lines.filter(({ why }) => why === 'nobody listens')).toHaveLength(1);
  });

  it('begin another session when another worker runs, which no session may tell', async () => {
    const { sums, redialled, reload, pokes } = start();
    const ended = new AbortController();
    const running = sums.run(ended.signal);
    await sleep(20);
    expect(redialled).toEqual([]);
    reload();
    await eventually(() => redialled.length > 0);
    ended.abort();
    await running;
    expect(redialled).toEqual(['another worker of HAProxy runs']);
    expect(pokes()).toBe(1);
  });

  it('are in the metrics', async () => {
    const { sums, link, current, metrics } = start(member('b'));
    link('b');
    current(true);
    current(false);
    current(true);
    sums.show();
    const text = await metrics.registry.metrics();
    expect(text).toMatch(/aggregate_current 1\n/);
    expect(text).toMatch(/aggregate_links 1\n/);
  });
});
