import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kill } from 'node:process';
import { describe, expect, it } from 'vitest';
import { monotonicNow, wallNow } from '../../../src/clock.ts';
import { snapshotsIn } from '../../../src/snapshot/file/folder.ts';
import { SnapshotRefused } from '../../../src/snapshot/file/refusal.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyEnds, unless } from '../../helpers/skip.ts';
import { readBack } from '../../helpers/snapshot-input.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { entriesOf, everyTable, fillEvery, tableNames, visit } from '../../rig/lesson-tables.ts';
import { type CrewMember, createCrew } from '../../rig/relay-crew.ts';

const ready = (...all: readonly CrewMember[]) =>
  eventually(
    () => {
      const waiting = all.filter(({ relay }) => !relay.readiness().ready);
      if (waiting.length === 0) return true;
      throw new Error(
        waiting.map(({ name, relay }) => `${name}: ${relay.readiness().reasons}`).join(),
      );
    },
    { timeoutMs: 20_000 },
  );

/** A whole snapshot of so many entries, the newest there. */
const recorded = (directory: string, entries: number) =>
  eventually(
    async () => {
      const [newest] = await snapshotsIn(directory);
      const back = newest && (await readBack(join(directory, newest.file)));
      if (back === undefined || back instanceof SnapshotRefused) throw new Error(String(back));
      if (back.trailer.entries !== entries) throw new Error(`it has ${back.trailer.entries}`);
      return join(directory, newest?.file ?? '');
    },
    { timeoutMs: 20_000 },
  );

const said = (member: CrewMember, text: string) =>
  member.lines.filter(({ msg }) => msg.includes(text));

describe.each(haproxyVersions)('snapshots in relay mode, HAProxy %s', (title, haproxy) => {
  describe('real', unless(missingOf({ [`HAProxy ${title}`]: haproxy }) ?? onlyEnds(title)), () => {
    const program = haproxy ?? '';
    const folders = () => {
      const root = testFolder();
      return (name: string) => {
        const path = join(root, name);
        mkdirSync(path, { recursive: true });
        return path;
      };
    };

    it('bring back every type of key and of data, with what is left of each', async () => {
      const [folder, where] = [testFolder(), folders()];
      const crew = createCrew(program, { snapshot: where, sections: () => everyTable(folder) });
      const [first] = await crew.join('a');
      if (first === undefined) throw new Error('no replica');
      await ready(first);
      await fillEvery(first.stand, 300);
      await visit(
        folder,
        Array.from({ length: 100 }, (_, at) => `user${at}`),
      );
      await recorded(where('a'), 5 * 300 + 3 * 100);
      const before = new Map<string, Awaited<ReturnType<typeof entriesOf>>>();
      for (const table of tableNames) before.set(table, await entriesOf(first.stand, table));
      const readMs = monotonicNow();
      await crew.leave('a');

      const [again] = await crew.join('a');
      if (again === undefined) throw new Error('no replica');
      await ready(again);

      for (const table of tableNames) {
        const wanted = before.get(table) ?? new Map();
        const entries = await entriesOf(again.stand, table);
        const passedMs = monotonicNow() - readMs;
        const text = (map: typeof wanted) =>
          [...map].map(([key, entry]) => `${key} ${entry.text}`).toSorted();
        expect(wanted.size, table).toBeGreaterThan(50);
        expect(text(entries), table).toEqual(text(wanted));
        const off = [...wanted].map(([key, { expiry }]) =>
          table === 'forever' ? 0 : expiry - passedMs - (entries.get(key)?.expiry ?? 0),
        );
        expect(Math.max(...off.map(Math.abs)), table).toBeLessThan(1000);
      }
    });

    it('are taken by one replica, and restored by one when all were gone', async () => {
      const where = folders();
      const crew = createCrew(program, { snapshot: where });
      const all = await crew.join('a', 'b', 'c');
      await ready(...all);
      await all[1]?.stand.write('k', 2000);
      await recorded(where('a'), 2000);
      expect(await snapshotsIn(where('b'))).toEqual([]);
      await Promise.all(['a', 'b', 'c'].map((name) => crew.leave(name)));

      const again = await crew.join('a', 'b', 'c');
      await ready(...again);
      expect(await Promise.all(again.map(({ stand }) => stand.entries()))).toEqual([
        2000, 2000, 2000,
      ]);
      expect(again.flatMap((each) => said(each, 'snapshot restored'))).toHaveLength(1);
    });

    it('are taken by the next one when the first is gone, and its newer one is restored', async () => {
      const where = folders();
      const crew = createCrew(program, { snapshot: where });
      const [a, b] = await crew.join('a', 'b');
      if (a === undefined || b === undefined) throw new Error('no replica');
      await ready(a, b);
      await a.stand.write('k', 100);
      await recorded(where('a'), 100);
      await crew.leave('a');
      await b.stand.write('late', 50);
      await recorded(where('b'), 150);
      await crew.leave('b');

      const again = await crew.join('a', 'b');
      await ready(...again);
      expect(await Promise.all(again.map(({ stand }) => stand.entries()))).toEqual([150, 150]);
      expect(said(again[1] as CrewMember, 'snapshot restored')).toHaveLength(1);
    });

    it('are not restored where a live peer holds entries', async () => {
      const where = folders();
      const crew = createCrew(program, { snapshot: where });
      const [a] = await crew.join('a');
      if (a === undefined) throw new Error('no replica');
      await ready(a);
      await a.stand.write('old', 100);
      copyFileSync(
        await recorded(where('a'), 100),
        join(where('b'), readdirSync(where('a'))[0] ?? ''),
      );
      await a.stand.ask('clear table sessions');
      await a.stand.write('new', 30);
      const [b] = await crew.join('b');
      if (b === undefined) throw new Error('no replica');
      await ready(b);
      expect(await b.stand.entries()).toBe(30);
      expect(said(b, 'snapshot restored')).toEqual([]);
    });

    it('that cannot be used are named, and the newest that can is restored', async () => {
      const where = folders();
      const crew = createCrew(program, { snapshot: where });
      const [a] = await crew.join('a');
      if (a === undefined) throw new Error('no replica');
      await ready(a);
      await a.stand.write('k', 200);
      const whole = await recorded(where('a'), 200);
      await crew.leave('a');
      const torn = join(where('a'), 'snapshot-90000001-20260101T000000Z-a.hps');
      const bytes = readFileSync(whole);
      writeFileSync(torn, bytes.subarray(0, bytes.length - 7));
      const foreign = join(where('a'), 'snapshot-90000002-20260101T000000Z-a.hps');
      writeFileSync(foreign, 'something else');

      const [again] = await crew.join('a');
      if (again === undefined) throw new Error('no replica');
      await ready(again);
      expect(await again.stand.entries()).toBe(200);
      expect(said(again, 'was refused').map(({ path, kind }) => [path, kind])).toEqual([
        [foreign, 'foreign'],
        [torn, 'torn'],
      ]);
      expect(again.notices.map(({ reason }) => reason)).toEqual([
        'SnapshotRefused',
        'SnapshotRefused',
        'SnapshotRestored',
      ]);
    });

    it('of tables that are others now are left out with a word, and the rest is restored', async () => {
      const where = folders();
      let [folder, change] = [testFolder(), (text: string) => text];
      const crew = createCrew(program, {
        snapshot: where,
        sections: () => change(everyTable(folder)),
      });
      const [a] = await crew.join('a');
      if (a === undefined) throw new Error('no replica');
      await ready(a);
      await fillEvery(a.stand, 100);
      await recorded(where('a'), 500);
      await crew.leave('a');
      folder = testFolder();
      change = (text) =>
        text
          .replace(
            'backend forever\n  stick-table type string len 16',
            'backend forever\n  stick-table type string len 24',
          )
          .replace('backend numbers', 'backend others')
          .replace('table numbers', 'table others')
          .replace('store conn_cnt,conn_rate(10m)', 'store gpc0,conn_cnt');
      const [again] = await crew.join('a');
      if (again === undefined) throw new Error('no replica');
      await ready(again);
      const counts = await Promise.all(
        ['sessions', 'addresses', 'addresses6', 'forever', 'others'].map(
          async (table) => (await entriesOf(again.stand, table)).size,
        ),
      );
      expect(counts).toEqual([100, 100, 100, 0, 0]);
      expect(
        said(again, 'not restored')
          .map(({ table }) => table)
          .toSorted(),
      ).toEqual(['forever', 'numbers']);
      expect((await entriesOf(again.stand, 'addresses')).get('10.0.0.7')?.text).toContain(
        'conn_cnt=7',
      );
    });

    it('are restored where the clock was set back by a day, with a word', async () => {
      const where = folders();
      let backMs = 0;
      const crew = createCrew(program, { snapshot: where, wallNow: () => wallNow() - backMs });
      const [a] = await crew.join('a');
      if (a === undefined) throw new Error('no replica');
      await ready(a);
      await a.stand.write('k', 100);
      await recorded(where('a'), 100);
      await crew.leave('a');
      backMs = 86_400_000;
      const [again] = await crew.join('a');
      if (again === undefined) throw new Error('no replica');
      await ready(again);
      expect(await again.stand.entries()).toBe(100);
      expect(said(again, 'clock was set back')).toHaveLength(1);
      const [entry] = [...(await entriesOf(again.stand, 'sessions')).values()];
      expect(entry?.expiry).toBeGreaterThan(3_590_000);
      expect(entry?.expiry).toBeLessThanOrEqual(3_600_000);
      // What is taken now counts as newer all the same.
      await again.stand.write('more', 10);
      await recorded(where('a'), 110);
    });

    it('of entries that have expired since bring nothing back', async () => {
      const where = folders();
      let aheadMs = 0;
      const crew = createCrew(program, { snapshot: where, wallNow: () => wallNow() + aheadMs });
      const [a] = await crew.join('a');
      if (a === undefined) throw new Error('no replica');
      await ready(a);
      await a.stand.write('k', 100);
      await recorded(where('a'), 100);
      await crew.leave('a');
      aheadMs = 2 * 3_600_000;
      const [again] = await crew.join('a');
      if (again === undefined) throw new Error('no replica');
      await ready(again);
      expect(await again.stand.entries()).toBe(0);
      expect(said(again, 'snapshot restored')).toMatchObject([{ entries: 0, expired: 100 }]);
    });

    it('are restored where HAProxy is reloaded in the middle of it', async () => {
      const where = folders();
      const crew = createCrew(program, { snapshot: where });
      const [a] = await crew.join('a');
      if (a === undefined) throw new Error('no replica');
      await ready(a);
      await a.stand.write('k', 100_000);
      await recorded(where('a'), 100_000);
      await crew.leave('a');
      const [again] = await crew.join('a');
      if (again === undefined) throw new Error('no replica');
      await eventually(async () => (await again.stand.entries()) > 0, { intervalMs: 1 });
      const before = await again.stand.worker();
      kill(again.stand.masterPid, 'SIGUSR2');
      await eventually(async () => (await again.stand.worker()) !== before);
      await eventually(async () => (await again.stand.entries()) === 100_000);
      await ready(again);
      expect(await again.stand.entries()).toBe(100_000);
    });

    it('are taken for the last time when the sidecar is stopped and HAProxy still runs', async () => {
      const where = folders();
      const crew = createCrew(program, {
        snapshot: where,
        flags: ['--snapshot-interval', '1h'],
      });
      const [a] = await crew.join('a');
      if (a === undefined) throw new Error('no replica');
      await a.stand.write('k', 10);
      await ready(a);
      await recorded(where('a'), 10);
      await a.stand.write('last', 7);
      await a.relay.recordLast(5000);
      await recorded(where('a'), 17);
    });
  });
});
