import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hello } from '../../../src/haproxy/hello.ts';
import { reloadOverMaster, showProc } from '../../../src/haproxy/master.ts';
import { parseShowPeers } from '../../../src/haproxy/show-peers.ts';
import { command } from '../../../src/haproxy/socket.ts';
import { validateConfig } from '../../../src/haproxy/validate.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/ports.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';
import { type HaproxyStand, startHaproxyStand } from '../../rig/haproxy-stand.ts';

const versions = [
  ['of the distribution', programs.haproxy],
  ['3.0', programs.haproxy30],
  ['3.4', programs.haproxy34],
] as const;

describe.each(versions)('HAProxy %s', (name, binary) => {
  describe(
    basename(binary ?? 'haproxy'),
    unless(missingOf({ [`HAProxy ${name}`]: binary })),
    () => {
      let stand: HaproxyStand;
      beforeAll(async () => {
        stand = await startHaproxyStand({
          haproxy: binary ?? '',
          peers: ['peer a 127.0.0.1:PORT', 'peer b 127.0.0.1:1'],
        });
      });
      afterAll(() => stand.stop());

      function ask(siblingName: string, ownName: string) {
        const signal = new AbortController().signal;
        const { peersPort: port } = stand;
        return hello({ address: '127.0.0.1', port, siblingName, ownName, timeoutMs: 3000, signal });
      }

      it('answers the hello of a peer it knows, one it does not know, and one who means another', async () => {
        await eventually(async () => (await ask('a', 'b')) === 'known');

        expect(await ask('a', 'stranger')).toBe('unknown-to-it');
        expect(await ask('somebody', 'b')).toBe('wrong-name');
      });

      it('shows its peers', async () => {
        const [state] = parseShowPeers(await command(stand.adminSocket, 'show peers'));

        expect(state).toMatchObject({ section: 'haproxy-peers', localName: 'a' });
        expect(state?.resync).not.toBe('unknown');
      });

      it('reloads over the master socket, proven by a new worker', async () => {
        const before = await showProc(stand.masterSocket);

        await reloadOverMaster(stand.masterSocket);

        const worker = (list: typeof before) => list.find(({ kind }) => kind === 'worker')?.pid;
        const after = await showProc(stand.masterSocket);
        expect(worker(after)).not.toBe(worker(before));
        expect(after.find(({ kind }) => kind === 'master')?.reloads).toBe(1);
      });

      it('checks a configuration, and quotes the alerts of a bad one', async () => {
        const bad = join(stand.directory, 'bad.cfg');
        writeFileSync(bad, 'global\n  nonsense here\n');

        expect(await validateConfig(binary ?? '', stand.configFile)).toEqual(expect.any(Array));
        await expect(validateConfig(binary ?? '', bad)).rejects.toMatchObject({
          code: 'TEMPLATE_REJECTED',
          message: expect.stringContaining('nonsense'),
        });
      });

      it('fails a reload of a broken configuration and says why', async () => {
        const text = stand.text();
        writeFileSync(stand.configFile, `${text}\nbackend x\n  nonsense here\n`);

        await expect(reloadOverMaster(stand.masterSocket)).rejects.toMatchObject({
          code: 'RELOAD_FAILED',
          retryable: false,
        });

        writeFileSync(stand.configFile, text);
        await reloadOverMaster(stand.masterSocket);
      });
    },
  );
});

describe('where nobody answers', () => {
  const directory = suiteFolder();
  const signal = new AbortController().signal;
  let silent: Server;
  beforeAll(async () => {
    // A real HAProxy is never silent on its sockets: this listener only accepts.
    silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(join(directory, 'silent.sock'), resolve));
  });
  afterAll(() => {
    silent.close();
  });

  it('a command fails within its deadline and names the socket', async () => {
    const path = join(directory, 'silent.sock');

    await expect(command(path, 'show peers', { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'HAPROXY_UNREACHABLE',
      message: expect.stringContaining(`${path} did not answer "show peers"`),
    });
    await expect(command(join(directory, 'absent.sock'), 'show info')).rejects.toThrow(/ENOENT/);
  });

  it('a command ends at once when it is stopped', async () => {
    const stop = new AbortController();
    const waiting = command(join(directory, 'silent.sock'), 'show info', { signal: stop.signal });
    stop.abort();

    await expect(waiting).rejects.toThrow(/stopped/);
  });

  it('a hello tells a closed port from silence', async () => {
    const port = await freePort();
    const who = { siblingName: 'b', ownName: 'a', timeoutMs: 50, signal };
    const listener = createServer(() => {});
    await new Promise<void>((resolve) => listener.listen(port, '127.0.0.2', resolve));

    expect(await hello({ ...who, address: '127.0.0.1', port })).toBe('refused');
    expect(await hello({ ...who, address: '127.0.0.2', port })).toBe('no-answer');
    listener.close();
  });

  it('a hello of a program that is stopping ends at once', async () => {
    const port = await freePort();
    const who = { siblingName: 'b', ownName: 'a', timeoutMs: 60_000 };
    const listener = createServer(() => {});
    await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve));
    const stopped = { ...who, address: '127.0.0.1', port, signal: AbortSignal.abort() };

    expect(await hello(stopped)).toBe('no-answer');
    listener.close();
  });

  it('there is no HAProxy to check with', async () => {
    expect(await validateConfig(join(directory, 'no-haproxy'), '/dev/null')).toBeNull();
  });
});
