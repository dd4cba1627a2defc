import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import { writeRelayKey } from '../../rig/relay-key.ts';
import { done, json, runs } from '../../rig/snapshot-command.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const network = ownNetwork();
const haproxy = programs.haproxy34 ?? '';

describe(
  'the command snapshot in reload mode',
  unless(missingOf({ 'HAProxy 3.4': haproxy })),
  () => {
    async function raise(
      names: string,
      options: (directory: string) => readonly string[],
      directory = join(testFolder(), 'snapshots'),
    ) {
      const members = membersFile(join(testFolder(), 'members.json'));
      mkdirSync(directory, { recursive: true });
      const all = [...names].map((name, at) => {
        const flags = [...options(directory), `--pod-uid=uid-of-${name}`];
        const setting = { haproxy, dataplane: null, initFlags: flags, flags };
        return testReplica(
          { ...setting, sourceFlags: members.sourceFlags },
          name,
          `${network}.${at + 1}`,
        );
      });
      members.set(...all);
      await Promise.all(all.map((each) => each.init()));
      await Promise.all(all.map((each) => each.start()));
      await allReady(all, 40_000);
      return { directory, all };
    }

    it('takes one beside the sidecar and restores it, and with --lessons the others take it from there', async () => {
      const key = writeRelayKey(testFolder());
      const { directory, all } = await raise('ab', (to) => [
        ...['--lessons', `--relay-key-file=${key}`, `--snapshot=${to}`, '--snapshot-interval=1h'],
      ]);
      const [a, b] = all;
      if (a === undefined || b === undefined) throw new Error('no replica');
      await eventually(() => a.log().includes('the link is up'));
      await fillTable(a, 3000);
      await eventually(async () => (await b.entries()) === 3000);
      const taken = await json(a, directory, 'take');
      expect(taken).toMatchObject({ kind: 'taken', entries: 3000 });
      await Promise.all(all.map((each) => each.ask('clear table sessions')));

      const restored = await json(a, directory, 'restore', taken.path);

      expect(restored).toMatchObject({ entries: 3000, told: ['b'] });
      await eventually(async () => (await b.entries()) === 3000, { timeoutMs: 20_000 });
      const reloads = await Promise.all(all.map((each) => each.reloads()));
      expect(reloads).toEqual([0, 0]);
    }, 90_000);

    it('restores beside --lessons after all were killed, and no comparison breaks in', async () => {
      const key = writeRelayKey(testFolder());
      const options = (to: string) => [
        ...['--lessons', `--relay-key-file=${key}`, `--snapshot=${to}`, '--snapshot-interval=1s'],
      ];
      const { directory, all } = await raise('ab', options);
      const [a, b] = all;
      if (a === undefined || b === undefined) throw new Error('no replica');
      await fillTable(a, 3000);
      await eventually(async () => (await b.entries()) === 3000);
      await eventually(
        async () => {
          const files: readonly { readonly tables: readonly { readonly entries: number }[] }[] =
            await json(a, directory, 'list');
          return files.some(({ tables }) => tables[0]?.entries === 3000);
        },
        { timeoutMs: 20_000 },
      );
      await Promise.all(all.map((each) => each.kill()));

      const again = (await raise('ab', options, directory)).all;

      await eventually(
        async () => {
          const held = await Promise.all(again.map((each) => each.entries()));
          if (held.some((entries) => entries !== 3000)) throw new Error(held.join());
          return true;
        },
        { timeoutMs: 20_000 },
      );
      const text = again.map((each) => each.log()).join('');
      expect(text.split('snapshot restored')).toHaveLength(2);
      expect(text).not.toContain('SNAPSHOT_FAILED');
    }, 120_000);

    it('needs the line for lessons, and says how it comes about', async () => {
      const { directory, all } = await raise('a', () => []);
      const [a] = all;
      if (a === undefined) throw new Error('no replica');

      const { exitCode, text } = await runs(a, directory, 'take');

      expect(exitCode).toBe(1);
      expect(text).toContain('In reload mode init and run need --snapshot or --lessons');
      await expect(done(a, directory, 'restore', 'nothing.hps')).rejects.toThrow();
    }, 60_000);
  },
);
