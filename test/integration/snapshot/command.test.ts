import { existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { doorPath } from '../../../src/modules/snapshot/turn/messages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import { writeRelayKey } from '../../rig/relay-key.ts';
import { done, json, runs, valueAt } from '../../rig/snapshot-command.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const cases = haproxyVersions.map(([title, program]) => [title, program, ownNetwork()] as const);

describe.each(cases)('the command snapshot, HAProxy %s', (title, haproxy, network) => {
  const missing = missingOf({ [title]: haproxy }) ?? (title === '3.4' ? undefined : onlyInAll);
  describe('real', unless(missing), () => {
    /** Replicas that are ready, whose sidecars record every hour, or as `flags` say. */
    async function raise(names: string, ...flags: readonly string[]) {
      const folder = testFolder();
      const members = membersFile(join(folder, 'members.json'));
      const relayKey = writeRelayKey(folder);
      const directory = join(folder, 'snapshots');
      mkdirSync(directory);
      const all = [...names].map((name) =>
        testReplica(
          {
            ...{ haproxy: haproxy ?? '', dataplane: null, relayKey },
            sourceFlags: members.sourceFlags,
            flags: [`--snapshot=${directory}`, '--snapshot-interval=1h', ...flags],
          },
          name,
          `${network}.${name.charCodeAt(0)}`,
        ),
      );
      members.set(...all);
      await Promise.all(all.map((each) => each.init()));
      await Promise.all(all.map((each) => each.start()));
      await allReady(all, 20_000);
      const [first] = all;
      if (first === undefined) throw new Error('no replica');
      return { folder, directory, all, first };
    }

    it('takes one, lists and shows it, and gives it back to a HAProxy that was emptied', async () => {
      const { directory, first } = await raise('a');
      await fillTable(first, 5000);
      const taken = await json(first, directory, 'take');
      expect(taken).toMatchObject({ kind: 'taken', entries: 5000 });
      expect(statSync(taken.path).mode & 0o777).toBe(0o600);

      // The sidecar takes some, too.
      const listed: readonly { readonly path: string }[] = await json(first, directory, 'list');
      expect(listed.find(({ path }) => path === taken.path)).toMatchObject({
        ...{ replica: 'a', encrypted: false, refused: null },
        tables: [{ name: 'sessions', entries: 5000, expired: 0 }],
      });
      const file = basename(taken.path);
      const shown = await json(first, directory, 'show', file, '--entries', '--limit', '7');
      expect(shown.tables).toMatchObject([
        { name: 'sessions', keys: 'string 64', expireMs: 3_600_000, entries: 5000 },
      ]);
      expect(shown.entries).toHaveLength(7);
      for (const { key, values } of shown.entries)
        expect(await valueAt(first, key)).toBe(String(values.gpc0));

      await first.ask('clear table sessions');
      const text = await done(first, directory, 'restore', file);
      expect(text).toContain('restored 5,000 entries');
      expect(await first.entries()).toBe(5000);
    });

    it('restores into tables with entries only by force, and never over what is newer', async () => {
      const { directory, folder, first } = await raise('a');
      await first.ask('set table sessions key both data.gpc0 1');
      await first.ask('set table sessions key gone data.gpc0 7');
      const file = join(folder, 'before.hps');
      await done(first, directory, 'take', '--to', file);
      await first.ask('set table sessions key both data.gpc0 2');
      await first.ask('set table sessions key new data.gpc0 3');
      await first.ask('clear table sessions key gone');

      const { exitCode, text } = await runs(first, directory, 'restore', file);
      expect(exitCode).toBe(1);
      expect(text).toContain('SNAPSHOT_REFUSED');
      expect(text).toContain('sessions 2');
      expect(await valueAt(first, 'gone')).toBeUndefined();

      const restored = await json(first, directory, 'restore', file, '--force');
      expect(restored).toMatchObject({ entries: 1, older: 0, kept: 1, expired: 0 });
      expect(await valueAt(first, 'both')).toBe('2');
      expect(await valueAt(first, 'new')).toBe('3');
      expect(await valueAt(first, 'gone')).toBe('7');
    });

    it('has the other replicas take what they lack after it has restored', async () => {
      const { directory, folder, first, all } = await raise('abc');
      await fillTable(first, 3000);
      const [b, c] = all.slice(1);
      if (b === undefined || c === undefined) throw new Error('no replica');
      const file = join(folder, 'copy.hps');
      await eventually(async () => (await c.entries()) === 3000);
      await done(first, directory, 'take', '--to', file);
      await Promise.all(all.map((each) => each.ask('clear table sessions')));
      const { told } = await json(first, directory, 'restore', file);
      expect(told.toSorted()).toEqual(['b', 'c']);
      await eventually(
        async () => {
          const held = await Promise.all([b.entries(), c.entries()]);
          if (held.some((entries) => entries !== 3000)) throw new Error(held.join());
          return true;
        },
        { timeoutMs: 20_000 },
      );
    });

    it('shares the slot with the sidecar: neither fails because of the other', async () => {
      const { directory, first } = await raise('a', '--snapshot-interval=1s');
      await fillTable(first, 20_000);
      const all = await Promise.all(
        Array.from({ length: 3 }, () => json(first, directory, 'take')),
      );
      expect(all.map(({ entries }) => entries)).toEqual([20_000, 20_000, 20_000]);
      expect(first.log()).not.toContain('no snapshot was taken');
      const door = doorPath(first.adminSocket);
      expect(statSync(door).mode & 0o777).toBe(0o600);
    });

    it('says what it lacks, and leaves everything as it was', async () => {
      const { directory, folder, first } = await raise('a');
      const refusedBy = async (...words: readonly string[]) => {
        const { exitCode, text } = await runs(first, directory, ...words);
        return `${exitCode} ${text.split('\n')[0]}`;
      };
      expect(await refusedBy('take')).toContain('1 error SNAPSHOT_REFUSED: The tables are empty');
      expect(await refusedBy()).toContain('2 error CONFIG_INVALID: snapshot is followed by');
      expect(await refusedBy('frobnicate')).toContain('2 error CONFIG_INVALID');
      expect(await refusedBy('show')).toContain('2 error CONFIG_INVALID: The name of the file');
      expect(await refusedBy('show', 'none.hps')).toContain('2 error SNAPSHOT_REFUSED: none.hps');
      await first.ask('set table sessions key one data.gpc0 1');
      const file = join(folder, 'copy.hps');
      await done(first, directory, 'take', '--to', file);
      expect(await refusedBy('take', '--to', file)).toContain('is there already');
      expect(await refusedBy('take', '--to', '/nowhere/copy.hps')).toContain('ENOENT');
      // A name alone is in the directory of the sidecar, where a container may write, and where show and restore look for it.
      await done(first, directory, 'take', '--to', 'named.hps');
      expect(existsSync(join(directory, 'named.hps'))).toBe(true);
      expect(await json(first, directory, 'show', 'named.hps')).toMatchObject({
        path: join(directory, 'named.hps'),
      });
      await first.killSidecar();
      expect(existsSync(doorPath(first.adminSocket))).toBe(true);
      expect(await refusedBy('take')).toContain('No sidecar answers');
      first.startSidecar();
      await eventually(async () => (await runs(first, directory, 'take')).exitCode === 0, {
        timeoutMs: 20_000,
      });
    });
  });
});
