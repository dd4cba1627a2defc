import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expiryAt, tickOf } from '../../../src/aggregate/codec/ticks.ts';
import { Ledger } from '../../../src/aggregate/store/ledger.ts';
import { monotonicNow } from '../../../src/clock.ts';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { openSession, type Session } from '../../../src/modules/aggregate/session/session.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyEnds, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import {
  type AggregateStand,
  type AggregateTable,
  startAggregateStand,
} from '../../rig/aggregate-stand.ts';

const now = () => tickOf(monotonicNow());

interface Hearing {
  readonly leftMs?: number;
  readonly name?: string;
  /** It is told some time later. */
  readonly quiet?: boolean;
}

/** A sidecar without replicas, which is there again whenever its session ends. */
function sidecar(stand: AggregateStand, ledger = new Ledger({ maxKeys: 300_000, seed: () => 1 })) {
  const ended: string[] = [];
  let session: Session | null = null;
  let isOver = false;
  let tells = true;
  const controller = new AbortController();
  const signal = controller.signal;
  async function dial(): Promise<void> {
    while (!isOver) {
      const opened = await openSession({
        ...{ at: stand.at, local: 'a', slot: 'agg', timeoutMs: 5000, signal, ledger, now },
        suffixes: { sum: '.sum', others: '.others', max: '.max' },
        mayTell: () => true,
        changed: () => void setImmediate().then(() => tells && session?.tell()),
      });
      if (typeof opened !== 'string') {
        session = opened;
        opened.tell();
        ended.push(await opened.ended);
        session = null;
      } else ended.push(opened);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  const done = dial();
  const timer = setInterval(() => tells && session?.tell(), 50);
  const stop = async () => {
    isOver = true;
    clearInterval(timer);
    controller.abort();
    session?.close('the test is over');
    await done;
  };
  onTestFinished(stop);
  return {
    ledger,
    ended,
    stop,
    settled: () => eventually(() => ledger.isSettled && session !== null),
    /** All that the session says it has left to do, at once. */
    work() {
      while (session?.tell() === true);
    },
    tellsAll(isOn: boolean) {
      tells = isOn;
    },
    /** What a replica would have said. */
    hear(
      origin: string,
      key: string | Buffer,
      values: readonly number[],
      { leftMs = 30_000, name = 'T', quiet = false }: Hearing = {},
    ) {
      const table = ledger.tables.get(name);
      const run = ledger.runs.add(origin, 1);
      if (table === undefined || run === undefined) throw new Error(`there is no table ${name}`);
      const words = new Uint32Array(table.layout.words);
      words.set(values);
      const bytes = typeof key === 'string' ? Buffer.from(key) : key;
      const said = { key: bytes, keyAt: 0, keyEnd: bytes.length, words };
      ledger.hear(table, run, 1, { ...said, expiry: expiryAt(now(), leftMs) }, now());
      if (!quiet) session?.tell();
    },
  };
}

describe.each(haproxyVersions)('HAProxy %s', (title, haproxy) => {
  describe('real', unless(missingOf({ [`HAProxy ${title}`]: haproxy }) ?? onlyEnds(title)), () => {
    async function start(tables?: readonly AggregateTable[]) {
      const stand = await startAggregateStand(haproxy ?? '', tables);
      onTestFinished(() => stand.stop());
      return stand;
    }
    const sum = (stand: AggregateStand, key: string, wanted: object, table = 'T.sum') =>
      eventually(async () => {
        expect(await stand.entry(table, key)).toMatchObject(wanted);
        return true;
      });

    it('is told the sum of its own counters and of others, and keeps it as they change', async () => {
      const stand = await start();
      await stand.set('T', 'before', 'data.gpc0 5 data.gpt0 2 data.bytes_out_cnt 9000000000');
      const { hear, settled } = sidecar(stand);
      await settled();
      await sum(stand, 'before', { gpc0: 5, gpt0: 2, bytes_out_cnt: 9_000_000_000 });
      // gpt0, gpc0, http_req_cnt, http_req_rate, bytes_out_cnt: in the order of their numbers.
      const rate = (age: number, count: number) => [(now() - age) >>> 0, count, 0];
      hear('b', 'before', [7, 10, 3, ...rate(100, 40), 1_000_000_000, 2]);
      await sum(stand, 'before', {
        gpc0: 15,
        gpt0: 7,
        http_req_cnt: 3,
        bytes_out_cnt: 18_589_934_592,
      });
      hear('c', 'before', [1, 2 ** 32 - 1, 0, ...rate(500, 60), 0, 0]);
      await sum(stand, 'before', { gpc0: 2 ** 32 - 1, gpt0: 7, http_req_rate: 100 });
      await sum(stand, 'before', { gpt0: 7, http_req_rate: 100 }, 'T.others');
      const most = { gpc0: 2 ** 32 - 1, gpt0: 7, http_req_cnt: 3, http_req_rate: 60 };
      await sum(stand, 'before', { ...most, bytes_out_cnt: 9_589_934_592 }, 'T.max');
      await stand.set('T', 'after', 'data.gpc0 1 data.http_req_rate 30');
      await sum(stand, 'after', { gpc0: 1 });
      await stand.set('T', 'after', 'data.gpc0 4');
      hear('b', 'after', [0, 20]);
      await sum(stand, 'after', { gpc0: 24 });
      await sum(stand, 'after', { gpc0: 20 }, 'T.others');
      expect(await stand.entry('T', 'before')).toMatchObject({ gpc0: 5, gpt0: 2 });
    });

    it('is the same origin after a reload and with another sidecar', async () => {
      const stand = await start();
      await stand.set('T', 'k', 'data.gpc0 5');
      const first = sidecar(stand);
      await first.settled();
      first.hear('b', 'k', [0, 10]);
      await sum(stand, 'k', { gpc0: 15 });
      const { origin, generation } = first.ledger.own ?? expect.fail();

      await reloadOverMaster(stand.masterSocket);
      await eventually(
        () => (first.ledger.own?.generation ?? 0) > generation && first.ledger.isSettled,
      );
      expect(first.ledger.own?.origin).toBe(origin);
      await stand.set('T', 'k', 'data.gpc0 6');
      await sum(stand, 'k', { gpc0: 16 });
      await sum(stand, 'k', { gpc0: 10 }, 'T.others');

      await first.stop();
      const last = first.ledger.own?.generation ?? 0;
      await stand.set('T', 'k', 'data.gpc0 7');
      const second = sidecar(stand);
      await second.settled();
      expect(second.ledger.own?.origin).toBe(origin);
      expect(second.ledger.own?.generation).toBeGreaterThan(last);
      second.hear('b', 'k', [0, 10]);
      await sum(stand, 'k', { gpc0: 17 });
    });

    it('tells a HAProxy that has just started all sums, and takes it for another origin', async () => {
      const before = await start();
      const first = sidecar(before);
      await first.settled();
      await before.set('T', 'mine', 'data.gpc0 3');
      first.hear('b', 'theirs', [0, 10]);
      await sum(before, 'mine', { gpc0: 3 });
      const { origin } = first.ledger.own ?? expect.fail();
      await first.stop();
      await before.stop();
      const after = await start();
      const startedMs = monotonicNow();
      const second = sidecar(after, first.ledger);
      await sum(after, 'theirs', { gpc0: 10 });
      await second.settled();
      // Whoever finds nobody to learn from waits for 5 s.
      expect(monotonicNow() - startedMs).toBeLessThan(4000);
      expect(second.ledger.own?.origin).not.toBe(origin);
      await sum(after, 'mine', { gpc0: 3 });
      await after.set('T', 'mine', 'data.gpc0 1');
      await sum(after, 'mine', { gpc0: 4 });
    });

    it('is told less when a part expires, and zeros of what it has cleared when a lesson says so', async () => {
      const stand = await start();
      const { hear, settled, ledger } = sidecar(stand);
      await settled();
      await stand.set('T', 'k', 'data.gpc0 5');
      hear('b', 'k', [0, 10], { leftMs: 700 });
      await sum(stand, 'k', { gpc0: 15 });
      await sum(stand, 'k', { gpc0: 5 });
      hear('b', 'gone', [0, 10]);
      await stand.set('T', 'gone', 'data.gpc0 5');
      await sum(stand, 'gone', { gpc0: 15 });
      await stand.ask('clear table T key gone');
      const { generation } = ledger.own ?? expect.fail();
      await reloadOverMaster(stand.masterSocket);
      await eventually(() => (ledger.own?.generation ?? 0) > generation && ledger.isSettled);
      await sum(stand, 'gone', { gpc0: 10 });
    });

    it('sums arrays and rates under every type of key', async () => {
      const keys = {
        ip: Buffer.from([10, 1, 2, 3]),
        ipv6: Buffer.from('20010db8000000000000000000000001', 'hex'),
        integer: Buffer.from([0, 1, 0, 0]),
        'binary len 16': Buffer.alloc(16, 7),
      };
      const shown = ['10.1.2.3', '2001:db8::1', '65536', '07'.repeat(16)];
      const types = Object.keys(keys);
      const store = 'gpc(2),gpc_rate(2,10s),gpt(1)';
      const stand = await start(types.map((type, at) => ({ name: `t${at}`, type, store })));
      const { hear, settled } = sidecar(stand);
      await settled();
      const rate = (count: number) => [now(), count, 0];
      for (const [at, key] of Object.values(keys).entries()) {
        // gpt, gpc, gpc_rate.
        hear('b', key, [3, 4, 2 ** 31, ...rate(7), ...rate(8)], { name: `t${at}` });
        hear('c', key, [2, 5, 2 ** 30, ...rate(70), ...rate(80)], { name: `t${at}` });
      }
      for (const [at, key] of shown.entries())
        await eventually(async () => {
          const text = await stand.ask(`show table t${at}.sum`);
          expect(text).toContain(`key=${key} `);
          expect(text).toMatch(
            /gpt0=3 gpc0=9 gpc1=3221225472 gpc0_rate\(10000\)=77 gpc1_rate\(10000\)=88/,
          );
          return true;
        });
    });

    it('says itself that a lesson is not in its place yet, where nothing else would make it go on', async () => {
      const stand = await start();
      const { ledger, settled, work, tellsAll } = sidecar(stand);
      await settled();
      const count = 20_000;
      for (let from = 0; from < count; from += 200) {
        const some = Array.from({ length: 200 }, (_, at) => from + at);
        await stand.ask(some.map((at) => `set table T key k${at} data.gpc0 1`).join(';'));
      }
      const { store } = ledger.tables.get('T') ?? expect.fail();
      await eventually(() => store.keys.rows.used === count);
      const { generation } = ledger.own ?? expect.fail();
      tellsAll(false);
      await reloadOverMaster(stand.masterSocket);
      // The lesson of the next session has come when its end waits for the session to go on.
      await eventually(() => {
        if ((ledger.own?.generation ?? 0) > generation) return true;
        work();
        return false;
      });
      work();
      expect(ledger.isSettled).toBe(true);
    });

    it('tells each key once, however often it has changed while HAProxy took nothing', async () => {
      const stand = await start();
      const { hear, settled, ledger } = sidecar(stand);
      await settled();
      const count = 30_000;
      const hearAll = (value: number) => {
        for (let at = 0; at < count; at++) hear('b', `key-${at}`, [0, value + at], { quiet: true });
      };
      const used = async () =>
        Number(/T\.sum, .*used:(\d+)/.exec(await stand.ask('show table'))?.[1]);
      hearAll(0);
      await eventually(async () => (await used()) === count);
      const worker = Number(/^Pid: (\d+)/m.exec(await stand.ask('show info'))?.[1]);
      const waiting = () => ledger.tables.get('T')?.store.sums.count ?? 0;
      await eventually(() => waiting() === 0);
      await stopProcess(worker);
      try {
        hearAll(1);
        await eventually(() => waiting() < count);
        for (let round = 2; round <= 20; round++) {
          hearAll(round);
          await setImmediate();
        }
        // What HAProxy does not take waits as a mark of its key, not as a message.
        expect(waiting()).toBeGreaterThan(count / 2);
      } finally {
        process.kill(worker, 'SIGCONT');
      }
      await sum(stand, 'key-0', { gpc0: 20 });
      await sum(stand, `key-${count - 1}`, { gpc0: count + 19 });
    });
  });
});
