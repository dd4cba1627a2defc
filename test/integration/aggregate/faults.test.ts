import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { startTcpCut } from '../../helpers/tcp-cut.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { ownNetwork } from '../../rig/network.ts';
import { defaultPorts, type Replica } from '../../rig/replica.ts';
import { entry, startSumsSet, statusOf, summed, times } from '../../rig/test-sums-set.ts';

const clock = fileURLToPath(new URL('../../rig/shifted-clock.mjs', import.meta.url));
const dayMs = 86_400_000;
/** So many requests, each for a key of its own. */
const keys = async (count: number, replica: Replica) => {
  for (let at = 0; at < count; at++) await times(1, replica, `key-${at}`);
};

for (const [title, haproxy] of haproxyVersions) {
  const network = ownNetwork();
  const elsewhere = ownNetwork();
  const inAll = title === '3.4' ? undefined : onlyInAll;
  describe(
    `sums of whole sidecars, HAProxy ${title}`,
    unless(missingOf({ [title]: haproxy })),
    () => {
      it('are right again when a sidecar and a HAProxy that stood still go on, and whatever is cleared and set by hand', {
        ...unless(inAll),
        timeout: 60_000,
      }, async () => {
        const set = startSumsSet({ haproxy, network });
        const [a, b, c] = (await set.join('a', 'b', 'c')) as [Replica, Replica, Replica];
        await times(3, a, 'k');
        await times(4, b, 'k');
        await summed(set.now, 'k', 7);

        // Longer than a link waits for a ping, so that it is another link afterwards.
        await stopProcess(b.sidecarPid());
        await times(2, b, 'k');
        await times(2, a, 'k');
        await summed([a, c], 'k', 9);
        await eventually(async () => (await statusOf(a)).aggregate?.links === 1, {
          timeoutMs: 20_000,
        });
        process.kill(b.sidecarPid(), 'SIGCONT');
        await summed(set.now, 'k', 11);

        c.pauseHaproxy();
        await times(5, a, 'k');
        await summed([a, b], 'k', 16);
        c.resumeHaproxy();
        await times(1, c, 'k');
        await summed(set.now, 'k', 17);

        await a.ask('clear table rate key k');
        await times(1, a, 'k');
        await summed(set.now, 'k', 8);
        await b.ask('set table rate key k data.http_req_cnt 100');
        await summed(set.now, 'k', 102);
        await b.ask('set table rate.sum key k data.http_req_cnt 9');
        await times(1, c, 'k');
        await summed(set.now, 'k', 103);
        await c.ask('clear table rate.sum key k');
        await times(1, a, 'k');
        await summed(set.now, 'k', 104);
        expect((await statusOf(b)).troubles ?? []).toEqual([]);
      });

      it('are those of all, whatever their clocks say, and when these begin anew or are set', {
        ...unless(inAll),
        timeout: 60_000,
      }, async () => {
        const folder = testFolder();
        const clockOf = (name: string) => join(folder, name);
        const shift = (name: string, ms: number) => writeFileSync(clockOf(name), String(ms));
        const set = startSumsSet({
          ...{ haproxy, network },
          more: (name) => ({
            nodeFlags: [`--import=${clock}`],
            env: { SHIFTED_CLOCK: clockOf(name) },
          }),
        });
        // Also beyond the 24.8 days within which two ticks can be compared.
        shift('a', 0);
        shift('b', 40 * dayMs);
        const [a, b] = (await set.join('a', 'b')) as [Replica, Replica];
        const rates = async () => {
          const own = await Promise.all(set.now.map((each) => entry(each, 'rate', 'k')));
          const all = await Promise.all(set.now.map((each) => entry(each, 'rate.sum', 'k')));
          const total = own.reduce((sum, each) => sum + (each?.http_req_rate ?? 0), 0);
          // A rate falls while one looks.
          for (const each of all)
            expect(Math.abs((each?.http_req_rate ?? 0) - total)).toBeLessThanOrEqual(4);
          return total;
        };
        await times(20, a, 'k');
        await times(30, b, 'k');
        await summed(set.now, 'k', 50);
        expect(await rates()).toBeGreaterThan(10);

        // As on a machine that was booted anew.
        await b.killSidecar();
        shift('b', -300 * dayMs);
        b.startSidecar();
        await times(20, b, 'k');
        await summed(set.now, 'k', 70);
        expect(await rates()).toBeGreaterThan(10);

        shift('a', 5 * dayMs);
        process.kill(a.sidecarPid(), 'SIGUSR2');
        await times(10, a, 'k');
        await times(10, b, 'k');
        await summed(set.now, 'k', 90);
        const leftMs = (await entry(a, 'rate.sum', 'k'))?.exp ?? 0;
        expect(leftMs).toBeGreaterThan(30_000);
        expect(leftMs).toBeLessThanOrEqual(60_000);
        expect((await statusOf(a)).troubles ?? []).toEqual([]);
      });

      it('hold of full tables what these hold, and count what others are defined to have', {
        ...unless(inAll),
        timeout: 60_000,
      }, async () => {
        const set = startSumsSet({
          ...{ haproxy, network },
          flags: (name) => ['--aggregate', ...(name === 'c' ? ['--aggregate-max-keys=40'] : [])],
          tables: (name) =>
            ({
              a: {},
              // Made smaller on this one only, with another period and longer keys.
              b: { size: '50', sumSize: '50', periodS: 6, type: 'string len 64' },
            })[name] ?? {},
        });
        const [a, b, c] = (await set.join('a', 'b', 'c')) as [Replica, Replica, Replica];
        const used = async (replica: Replica, table: string) =>
          Number(
            new RegExp(`table: ${table},.*used:(\\d+)`).exec(await replica.ask('show table'))?.[1],
          );
        await times(2, a, 'k');
        await times(3, b, 'k');
        await summed(set.now, 'k', 5);
        expect((await entry(a, 'rate.sum', 'k'))?.http_req_rate).toBeLessThanOrEqual(2);

        await keys(120, a);
        await eventually(async () => (await used(b, 'rate.sum')) === 50);
        await keys(60, b);
        // All of its own are there, and what is counted now is right everywhere.
        await eventually(async () => (await used(a, 'rate.sum')) === 121);
        await times(1, b, 'key-59');
        await summed([a, b], 'key-59', 3);
        // What had to make room on one that may have few keys is there again when it is counted.
        await times(1, a, 'key-59');
        await summed([a, b, c], 'key-59', 4);
        await times(1, c, 'new');
        await summed([a, b, c], 'new', 1);
        const { aggregate, troubles = [] } = await statusOf(c);
        expect(troubles).toEqual([]);
        expect(aggregate?.tables).toMatchObject([{ name: 'rate', keys: 40 }]);
        expect(aggregate?.tables[0]?.evicted).toBeGreaterThan(80);
      });

      it('have no connections of a HAProxy that has ended, or whose pod has left', {
        ...unless(title === '3.4' ? onlyInAll : 'HAProxy tells what is open from 3.2 on'),
        timeout: 60_000,
      }, async () => {
        const set = startSumsSet({ haproxy, network, tables: () => ({ hasOpen: true }) });
        const [a, b, c] = (await set.join('a', 'b', 'c')) as [Replica, Replica, Replica];
        for (const [at, each] of [a, b, c].entries())
          await each.ask(`set table rate key k data.conn_cur ${at + 1} data.http_req_cnt 1`);
        const open = (all: readonly Replica[], count: number) =>
          eventually(
            async () => {
              for (const each of all)
                expect((await entry(each, 'rate.sum', 'k'))?.conn_cur).toBe(count);
              return true;
            },
            { timeoutMs: 25_000 },
          );
        await open(set.now, 6);
        await b.killHaproxy();
        await b.startHaproxy();
        await open(set.now, 4);
        await set.leave(c);
        await open(set.now, 1);
        // What they have counted stays.
        await summed(set.now, 'k', 3);
      });

      it('are whole when a link that was cut in one direction is healed', {
        ...unless(onlyInAll),
        timeout: 60_000,
      }, async () => {
        const set = startSumsSet({
          ...{ haproxy, network: elsewhere },
          more: (name) => ({
            ports: { ...defaultPorts, relay: name === 'a' ? 3001 : 3002 },
          }),
        });
        // The only way: from the first one, which looks for the other at its own port.
        const hop = await startTcpCut(3002, `${elsewhere}.2`, `${elsewhere}.1`, 3001);
        onTestFinished(() => hop.close());
        const [a, b] = (await set.join('a', 'b')) as [Replica, Replica];
        await times(1, a, 'k');
        await times(1, b, 'k');
        await summed(set.now, 'k', 2);
        for (const way of ['there', 'back'] as const) {
          const before = (await entry(a, 'rate.sum', 'k'))?.http_req_cnt ?? 0;
          hop.freeze(way);
          await times(2, a, 'k');
          await times(3, b, 'k');
          // Each counts on with what it knew of the other.
          await eventually(
            async () => {
              for (const each of set.now) {
                expect((await statusOf(each)).aggregate?.links).toBe(0);
                const own = (await entry(each, 'rate', 'k'))?.http_req_cnt ?? 0;
                const sum = (await entry(each, 'rate.sum', 'k'))?.http_req_cnt ?? 0;
                const others = (await entry(each, 'rate.others', 'k'))?.http_req_cnt ?? 0;
                expect(sum).toBe(own + others);
              }
              return true;
            },
            { timeoutMs: 20_000 },
          );
          hop.heal();
          await summed(set.now, 'k', before + 5);
        }
      });
    },
  );
}
