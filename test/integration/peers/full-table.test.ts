import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady, raise } from '../../rig/raise.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const size = 20_000;
const cases = [
  ['HAProxy 3.4', programs.haproxy34, ownNetwork(), true],
  ['HAProxy 3.0', programs.haproxy30, ownNetwork(), true],
  ['HAProxy on the path', programs.haproxy, ownNetwork(), false],
] as const;

let directory: string;
let writing = new AbortController();
beforeEach(() => {
  directory = testFolder();
  writing = new AbortController();
});
afterEach(() => writing.abort());

/** Writes new keys for ever, so that the table throws out old ones for ever. */
async function write(replica: Replica, name: string, pauseMs: number): Promise<void> {
  for (let index = 0; !writing.signal.aborted; index += 50) {
    const keys = Array.from({ length: 50 }, (_, at) => `${name}-${index + at}`);
    const line = keys.map((key) => `set table sessions key ${key} data.gpc0 1;`).join('');
    await replica.ask(line).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

for (const [title, haproxy, network, repairs] of cases) {
  describe(
    `siblings whose table is full, ${title}`,
    unless(missingOf({ [title]: haproxy }) ?? (title.includes('3.4') ? undefined : onlyInAll)),
    () => {
      const knownTo = (name: string) => membersFile(join(directory, `${name}.json`));

      function replica(name: string, last: number): Replica {
        const { sourceFlags } = knownTo(name);
        const setting = { haproxy: haproxy ?? '', dataplane: null, tableSize: String(size) };
        return testReplica({ ...setting, sourceFlags }, name, `${network}.${last}`);
      }

      function tell(who: Replica, ...members: readonly Replica[]): void {
        knownTo(who.name).set(...members);
      }

      /** Two replicas that are ready, full, and written to. */
      async function full(a: Replica, b: Replica, pauseMs: number): Promise<void> {
        for (const each of [a, b]) {
          tell(each, a, b);
          await each.init();
        }
        await Promise.all([a.start(), b.start()]);
        await allReady([a, b], 40_000);
        await fillTable(a, Math.floor(size * 1.2));
        await eventually(async () => (await b.entries()) >= size - size / 256 - 1);
        void write(a, 'a', pauseMs);
        void write(b, 'b', pauseMs);
      }

      it('become no reason to learn anew for those who join, again and again', async () => {
        const [a, b] = [replica('a', 1), replica('b', 2)];
        await full(a, b, 25);

        const joining = [replica('c', 3), replica('d', 4), replica('e', 5)];
        for (const each of [a, b, ...joining]) tell(each, a, b, ...joining);
        for (const each of joining) {
          await raise(each, 40_000);

          expect(each.log()).not.toMatch(/hard-reload|RESYNC_MISSED/);
          expect(await each.entries()).toBeGreaterThanOrEqual(size - size / 256 - 1);
        }
      }, 120_000);

      it('are missed by one who has nothing of them', async () => {
        const [a, b, late] = [replica('a', 1), replica('b', 2), replica('late', 3)];
        // Slowly: what is written meanwhile alone would fill a table of this size.
        await full(a, b, 500);
        tell(late, late);
        await late.init();
        for (const each of [a, b, late]) tell(each, a, b, late);

        await late.start();
        await allReady([late], 60_000);

        expect(late.log()).toContain(
          repairs ? 'tables learned after a hard-reload' : 'RESYNC_MISSED',
        );
        if (repairs) expect(await late.entries()).toBeGreaterThanOrEqual(size - size / 256 - 1);
      }, 120_000);
    },
  );
}
