import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createDirectApplier, type DirectOptions } from '../../../src/apply/direct.ts';
import type { Edit } from '../../../src/apply/edit.ts';
import { createLog } from '../../../src/log.ts';
import { changes, entry } from '../../contract/applier.case.ts';
import { type PeersApplier, peersApplier } from '../../helpers/peers-applier.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { type HaproxyStand, sectionName, startHaproxyStand } from '../../rig/haproxy-stand.ts';

const never = new AbortController().signal;
const addB = changes({ add: [entry('b', '127.0.0.2', 1001)] });
const noteFile = '.haproxy.cfg.peer-sync-undo';

/** A comment on the first line. `onEdit`: what happens after the file was read, and before it is replaced. */
function commentEdit(onEdit: () => void): Edit {
  const remaining: Edit['remaining'] = ({ text }) =>
    text.startsWith('# ours\n')
      ? null
      : {
          ...{ what: { comment: 'ours' }, whole: true, ways: () => [], lacks: async () => true },
          own: { keyword: 'peers', section: sectionName, names: new Set(), env: {} },
          inText(before) {
            onEdit();
            return `# ours\n${before}`;
          },
        };
  return { owner: 'test', remaining };
}

const variants = [
  ['haproxy on the path', programs.haproxy],
  ['haproxy 3.4', programs.haproxy34],
] as const;

for (const [title, haproxy] of variants) {
  describe(`direct applier, ${title}`, unless(missingOf({ [title]: haproxy })), () => {
    let stand: HaproxyStand | undefined;

    afterEach(async () => {
      await stand?.stop();
      stand = undefined;
    });

    async function given(
      peers: readonly string[] = ['peer a 127.0.0.1:PORT'],
      env: Record<string, string> = {},
    ): Promise<HaproxyStand> {
      stand = await startHaproxyStand({ haproxy: haproxy ?? '', peers, env });
      return stand;
    }

    function make(
      on: HaproxyStand,
      { env = {}, ...part }: Partial<DirectOptions & { env: Record<string, string> }> = {},
    ): PeersApplier {
      const applier = createDirectApplier({
        configFile: on.configFile,
        masterSocket: on.masterSocket,
        log: createLog('silent'),
        ...part,
      });
      return peersApplier(applier, { sectionName, env });
    }

    it('changes the lines of the entries and not another byte, and keeps the mode', async () => {
      const on = await given([
        '# who is there',
        'peer a 127.0.0.1:PORT',
        'peer b 127.0.0.2:1001 ssl verify none # old',
        'table t1 type string len 10 size 1k store gpc0',
      ]);
      chmodSync(on.configFile, 0o640);
      const before = on.text();
      const subject = make(on, { haproxyBin: haproxy });

      const base = await subject.read(never);
      await subject.apply(base, changes({ update: [entry('b', '127.0.0.22', 1001)] }), never);

      expect(on.text()).toBe(before.replace('127.0.0.2:1001', '127.0.0.22:1001'));
      expect(statSync(on.configFile).mode & 0o777).toBe(0o640);
      expect(base.obstacles).toEqual([]);
      expect(readdirSync(on.directory).filter((name) => name.startsWith('.'))).toEqual([]);
    });

    it.each(['persist', 'commit'] as const)(
      'keeps what somebody else writes between its read and its %s',
      async (way) => {
        const on = await given();
        const applier = createDirectApplier({
          ...{ configFile: on.configFile, masterSocket: on.masterSocket, haproxyBin: haproxy },
          log: createLog('silent'),
        });
        const base = await applier.read(never);
        let writes = 0;
        const edit = commentEdit(() => {
          writes += 1;
          if (writes <= 2) appendFileSync(on.configFile, `# theirs ${writes}\n`);
        });

        await applier[way](base, [edit], never);

        expect(on.text()).toBe(`# ours\n${base.text}# theirs 1\n# theirs 2\n`);
        expect(readdirSync(on.directory).filter((name) => name.startsWith('.'))).toEqual([]);
      },
    );

    it('gives way to who writes all the time, and says so', async () => {
      const on = await given();
      const applier = createDirectApplier({
        ...{ configFile: on.configFile, masterSocket: on.masterSocket, log: createLog('silent') },
      });
      const edit = commentEdit(() => appendFileSync(on.configFile, '# theirs\n'));

      const told = applier.persist(await applier.read(never), [edit], never);

      await expect(told).rejects.toMatchObject({ code: 'FILE_WRITE_FAILED', retryable: true });
      expect(on.text()).not.toContain('# ours');
    });

    it('edits bind and server sections', async () => {
      const on = await given(['bind 127.0.0.1:PORT', 'server a', 'server b 127.0.0.2:1001']);
      const subject = make(on, { haproxyBin: haproxy });
      const base = await subject.read(never);
      const gone = base.entries.filter(({ name }) => name === 'b');

      await subject.apply(
        base,
        changes({ add: [entry('c', '127.0.0.3', 1002)], remove: gone }),
        never,
      );

      expect(await on.runningNames()).toEqual(['a', 'c']);
    });

    it('puts the old file back when haproxy does not reload, and goes on afterwards', async () => {
      const on = await given();
      const before = on.text();
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const subject = make(on);
      const base = await subject.read(never);
      // Our own line is where HAProxy listens: an occupied port fails the reload and nothing before it.
      const move = changes({ update: [entry('a', '127.0.0.1', port)] });

      await expect(subject.apply(base, move, never)).rejects.toMatchObject({
        code: 'RELOAD_FAILED',
      });
      await new Promise((resolve) => server.close(resolve));

      expect(on.text()).toBe(before);
      expect(existsSync(join(on.directory, noteFile))).toBe(false);
      await expect.poll(() => on.runningNames()).toEqual(['a']);
      expect((await subject.apply(await subject.read(never), addB, never)).reloaded).toBe(true);
      await expect.poll(() => on.runningNames()).toEqual(['a', 'b']);
    });

    it('writes nothing that the haproxy binary refuses', async () => {
      const on = await given();
      // Somebody has broken the file meanwhile: entries of our own cannot be refused.
      writeFileSync(on.configFile, `${on.text()}  no-such-keyword\n`);
      const before = on.text();
      const subject = make(on, { haproxyBin: haproxy });

      await expect(subject.apply(await subject.read(never), addB, never)).rejects.toMatchObject({
        code: 'RELOAD_FAILED',
        stage: 'validate',
        message: expect.stringContaining('no-such-keyword'),
      });

      expect(on.text()).toBe(before);
      expect(readdirSync(on.directory).filter((name) => name.startsWith('.'))).toEqual([]);
    });

    it('does without a haproxy binary', async () => {
      const on = await given();
      const subject = make(on, { haproxyBin: '/no/such/haproxy' });

      expect((await subject.apply(await subject.read(never), addB, never)).reloaded).toBe(true);
    });

    it('puts the old file back when the master does not answer', async () => {
      const on = await given();
      const before = on.text();
      const subject = make(on, { masterSocket: join(on.directory, 'absent.sock') });

      await expect(subject.apply(await subject.read(never), addB, never)).rejects.toMatchObject({
        code: 'HAPROXY_UNREACHABLE',
        retryable: true,
      });

      expect(on.text()).toBe(before);
    });

    it('does not put the old file back over what somebody else wrote while HAProxy reloaded', async () => {
      const on = await given();
      const before = on.text();
      const masterSocket = join(on.directory, 'hangs-up.sock');
      // A fake: no real master can be told when to fail.
      const master = createServer((socket) => {
        appendFileSync(on.configFile, '# theirs\n');
        socket.destroy();
      });
      await new Promise<void>((resolve) => master.listen(masterSocket, resolve));
      const subject = make(on, { masterSocket, reloadTimeoutMs: 500 });

      const told = subject.apply(await subject.read(never), addB, never);
      await expect(told).rejects.toMatchObject({ code: 'HAPROXY_UNREACHABLE' });
      await new Promise((resolve) => master.close(resolve));

      expect(on.text()).toMatch(/peer b 127\.0\.0\.2:1001[\s\S]*# theirs\n/);
      expect(on.text().length).toBeGreaterThan(before.length);
      expect(existsSync(join(on.directory, noteFile))).toBe(false);
    });

    it('does the change again when a process was killed between write and reload', async () => {
      const on = await given();
      const before = on.text();
      const after = before.replace(/(peer a .*\n)/, '$1  peer b 127.0.0.2:1001\n');
      // What the killed process left: its note and the new file, but the worker has the old one.
      writeFileSync(join(on.directory, noteFile), JSON.stringify({ before, after }));
      writeFileSync(on.configFile, after);
      const subject = make(on);

      const base = await subject.read(never);
      const applied = await subject.apply(base, addB, never);

      expect(base.entries.map(({ name }) => name)).toEqual(['a']);
      expect(applied.reloaded).toBe(true);
      await expect.poll(() => on.runningNames()).toEqual(['a', 'b']);
      expect(existsSync(join(on.directory, noteFile))).toBe(false);
    });

    it('keeps what somebody else wrote after the process was killed', async () => {
      const on = await given();
      const before = on.text();
      writeFileSync(join(on.directory, noteFile), JSON.stringify({ before: '', after: 'x' }));

      expect((await make(on).read(never)).entries.map(({ name }) => name)).toEqual(['a']);
      expect(on.text()).toBe(before);
    });

    it('tells that the file cannot be read, as a fault that may pass', async () => {
      const on = await given();
      const subject = make(on, { configFile: join(on.directory, 'absent.cfg') });

      await expect(subject.read(never)).rejects.toMatchObject({
        name: 'RemoteError',
        code: 'FILE_READ_FAILED',
        retryable: true,
      });
    });

    it('gives the note no wider mode than the file', async () => {
      const on = await given();
      chmodSync(on.configFile, 0o600);
      let mode = 0;
      const watching = setInterval(() => {
        // It may go at any moment.
        const note = statSync(join(on.directory, noteFile), { throwIfNoEntry: false });
        mode |= (note?.mode ?? 0) & 0o777;
      }, 1);
      const subject = make(on);

      await subject.apply(await subject.read(never), addB, never);
      clearInterval(watching);

      expect(mode).toBe(0o600);
      expect(readFileSync(on.configFile, 'utf8')).toContain('peer b');
    });
  });
}
