import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openLeg } from '../../../src/modules/relay/legs/open-leg.ts';
import { eventually } from '../../helpers/eventually.ts';
import { endlessHello } from '../../helpers/hostile-server.ts';
import { freePort } from '../../helpers/ports.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';
import { local, type RelayStand, startRelayStand } from '../../rig/relay-stand.ts';

const signal = new AbortController().signal;
const timeoutMs = 3000;

describe.each(haproxyVersions)('a leg to HAProxy %s', (title, haproxy) => {
  describe('real', unless(missingOf({ [`HAProxy ${title}`]: haproxy })), () => {
    let stand: RelayStand;
    beforeAll(async () => {
      stand = await startRelayStand(haproxy ?? '');
    });
    afterAll(() => stand?.stop());

    const open = (slot: string, more = {}) =>
      openLeg({ at: stand.at, local, slot, timeoutMs, signal, ...more });

    it('is up with 200', async () => {
      const outcome = await open('s1');

      expect(outcome).toMatchObject({ kind: 'up', leg: { slot: 's1' } });
      if (outcome.kind !== 'up') return;
      outcome.leg.close();
      expect(await outcome.leg.closed).toBe('closed by the sidecar');
    });

    it('begins with a sign of life, so that HAProxy does not take it for its own attempt', async () => {
      const leg = await stand.leg('s6');

      await eventually(async () => {
        const peers = (await stand.ask('show peers')).split(/\n(?= {2}0x)/);
        return / rx_hbt=1 /.test(peers.find((peer) => peer.includes('id=s6(')) ?? '');
      });
      leg.close();
    });

    it('tells which name HAProxy does not have', async () => {
      expect(await open('s1', { local: 'other' })).toEqual({
        ...{ kind: 'answer', why: 'HAProxy answers 503: its localpeer has another name' },
      });
      expect(await open('s99')).toEqual({
        ...{ kind: 'answer', why: 'HAProxy answers 504: its peers section has no such peer' },
      });
    });

    it('is refused until HAProxy is up, however often it is tried', async () => {
      const path = join(stand.directory, 'late.sock');
      const starting = startRelayStand(haproxy ?? '', { path, fresh: true });
      const kinds = new Set<string>();
      async function isUp(): Promise<boolean> {
        const { kind } = await open('s1', { at: { path } });
        kinds.add(kind);
        return kind === 'up';
      }
      await Promise.allSettled([starting, eventually(isUp, { intervalMs: 1 })]);

      expect([...kinds]).toEqual(['refused', 'up']);
      await (await starting).stop();
    });

    it('loses its slot to the next one, and says so', async () => {
      const first = await stand.leg('s2');
      const second = await stand.leg('s2');

      expect(await first.closed).toMatch(/another session begins in its slot/);
      second.close();
    });

    it('is silent while HAProxy is stopped, and up afterwards', async () => {
      const worker = await stand.worker();
      await stopProcess(worker);
      const startedAt = performance.now();
      const outcome = await open('s3', { timeoutMs: 100 }).finally(() =>
        process.kill(worker, 'SIGCONT'),
      );

      expect(outcome).toEqual({
        ...{ kind: 'silent', why: `no answer of ${stand.at.path} within 100 ms` },
      });
      expect(performance.now() - startedAt).toBeLessThan(2000);
      await eventually(async () => (await open('s3')).kind === 'up');
    });

    it('is closed with why when HAProxy is reloaded, and up with the next worker', async () => {
      const leg = await stand.leg('s4');
      process.kill(stand.masterPid, 'SIGUSR2');

      expect(await leg.closed).toMatch(/^HAProxy has ended the session, as it does when it is rel/);
      await eventually(async () => (await open('s4')).kind === 'up');
    });

    it('ends at once when the sidecar stops', async () => {
      const stop = new AbortController();
      const worker = await stand.worker();
      await stopProcess(worker);
      const waiting = open('s5', { timeoutMs: 60_000, signal: stop.signal });
      stop.abort();

      expect(await waiting.finally(() => process.kill(worker, 'SIGCONT'))).toEqual({
        ...{ kind: 'silent', why: 'stopped' },
      });
      expect(await open('s5', { signal: stop.signal })).toEqual({
        ...{ kind: 'silent', why: 'stopped' },
      });
    });
  });
});

describe('a leg where no HAProxy answers', () => {
  const folder = suiteFolder();
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A fake: no HAProxy answers like this. */
  async function fake(act: (socket: Socket) => void): Promise<{ path: string }> {
    const path = join(folder, `${Math.random().toString(36).slice(2)}.sock`);
    const server = createServer((socket) => {
      socket.on('error', () => {});
      act(socket);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return { path };
  }
  const open = (at: Parameters<typeof openLeg>[0]['at'], slot = 's1') =>
    openLeg({ at, local, slot, timeoutMs: 300, signal });

  it('is refused as long as there is no socket, or nobody listens', async () => {
    const path = join(folder, 'absent.sock');
    expect(await open({ path })).toEqual({
      ...{ kind: 'refused', why: `nobody accepts at ${path}: connect ENOENT ${path}` },
    });
    const port = await freePort();
    expect(await open({ host: '127.0.0.1', port })).toMatchObject({
      ...{ kind: 'refused', why: expect.stringContaining('ECONNREFUSED') },
    });
  });

  it('is refused by one who closes without an answer', async () => {
    const at = await fake((socket) => socket.end());

    expect(await open(at)).toMatchObject({
      ...{ kind: 'refused', why: expect.stringMatching(/was closed before an answer/) },
    });
  });

  it.each([
    ['garbage', (socket: Socket) => void socket.write('\0\u0001garbage\n')],
    ['an endless line', endlessHello],
    ['a web server', (socket: Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('is none with %s', async (_title, act) => {
    expect(await open(await fake(act))).toMatchObject({
      ...{ kind: 'answer', why: expect.stringMatching(/^what answers is no HAProxy: it says "/) },
    });
  });

  it('is silent with one who accepts, or says half a status', async () => {
    expect((await open(await fake(() => {}))).kind).toBe('silent');
    expect((await open(await fake((socket) => void socket.write('20')))).kind).toBe('silent');
  });

  it('keeps what follows the status for who uses the leg, in whatever pieces it comes', async () => {
    const text = '200\n\0\0and more';
    const at = await fake((socket) => {
      socket.once('data', async () => {
        for (const letter of text) await new Promise((done) => socket.write(letter, done));
      });
    });
    const outcome = await open(at);
    if (outcome.kind !== 'up') throw new Error(outcome.why);
    let heard = '';
    outcome.leg.onData((chunk) => {
      heard += chunk.toString();
    });

    await eventually(() => heard === text.slice(4), { intervalMs: 5 });
    outcome.leg.close();
  });

  it('reads no more than a little before it is used, and then everything in order', async () => {
    const numbers = Buffer.from(Uint32Array.from({ length: 250_000 }, (_, at) => at).buffer);
    let written = 0;
    const at = await fake((socket) => {
      socket.once('data', () => {
        socket.write('200\n');
        for (let from = 0; from < numbers.length; from += 10_000)
          socket.write(numbers.subarray(from, from + 10_000), () => {
            written += 10_000;
          });
        socket.end();
      });
    });
    const outcome = await open(at);
    if (outcome.kind !== 'up') throw new Error(outcome.why);
    let last = -1;
    await eventually(
      () => {
        const same = written === last;
        last = written;
        return same;
      },
      { intervalMs: 100 },
    );
    // 64 KiB and one read more are here, the rest is with the kernel: 208 KiB, counted generously.
    expect(written).toBeLessThan(600_000);

    const { leg } = outcome;
    const heard: Buffer[] = [];
    let used = 0;
    leg.onData((chunk) => {
      heard.push(chunk);
      used += 1;
      if (used % 3 !== 0) return;
      leg.pause();
      setImmediate(leg.resume);
    });
    expect(await leg.closed).toMatch(/^HAProxy has ended the session/);
    expect(Buffer.concat(heard).equals(numbers)).toBe(true);
  });

  it('notices that HAProxy has ended it before anybody uses it', async () => {
    const at = await fake((socket) => {
      socket.once('data', () => socket.end('200\n\0\0'));
    });
    const outcome = await open(at);
    if (outcome.kind !== 'up') throw new Error(outcome.why);

    expect(await outcome.leg.closed).toMatch(/^HAProxy has ended the session/);
  });

  it('sends no name that would be more than a name', async () => {
    let connections = 0;
    const at = await fake(() => {
      connections += 1;
    });

    expect(await open(at, 's1\nself')).toMatchObject({ kind: 'answer' });
    expect(connections).toBe(0);
  });
});
