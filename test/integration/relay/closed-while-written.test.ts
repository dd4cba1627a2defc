import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectTo } from '../../../src/modules/relay/legs/connection.ts';
import type { HaproxyAddress } from '../../../src/modules/relay/section/address.ts';
import { freePort } from '../../helpers/ports.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';

const last = Buffer.alloc(50_000, 'u');

interface Case {
  readonly over: 'unix' | 'loopback';
  /** HAProxy closes without having read what we wrote last: the kernel then says ECONNRESET in place of EPIPE. */
  readonly unread: boolean;
  readonly writes: number;
}

const cases: readonly Case[] = (['unix', 'loopback'] as const).flatMap((over) =>
  [false, true].flatMap((unread) => [1, 3].map((writes) => ({ over, unread, writes }))),
);

// A fake for the moment that a real HAProxy seldom meets: it closes, and we write before we have read what it wrote last.
describe('a connection that HAProxy has closed', () => {
  const folder = suiteFolder();

  async function address({ over, unread, writes }: Case): Promise<HaproxyAddress> {
    if (over === 'loopback') return { host: '127.0.0.1', port: await freePort() };
    return { path: join(folder, `${unread}-${writes}.sock`) };
  }

  async function connection(at: HaproxyAddress) {
    const { promise: accepted, resolve } = Promise.withResolvers<Socket>();
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.pause();
        resolve(socket);
      });
    });
    await new Promise<void>((done) => {
      if ('path' in at) server.listen(at.path, done);
      else server.listen(at.port, at.host, done);
    });
    onTestFinished(() => void server.close());
    const near = connectTo(at, 'hello');
    return { near, haproxy: await accepted };
  }

  it.each(cases)('is read to its last byte, %o', async (each) => {
    const { near, haproxy } = await connection(await address(each));
    const chunks: Buffer[] = [];
    near.onData((chunk) => void chunks.push(chunk));
    near.pause();
    if (each.unread) near.write(Buffer.from('not read'));
    await new Promise((done) => haproxy.write(last, done));
    haproxy.destroy();
    await new Promise((done) => haproxy.once('close', done));

    for (let count = 0; count < each.writes; count++) {
      near.write(Buffer.from('too late'));
      await new Promise((done) => setImmediate(done));
    }
    near.resume();

    const { why, connected } = await near.ended;
    expect(why).toMatch(/^HAProxy has ended the session/);
    expect(connected).toBe(true);
    expect(Buffer.concat(chunks).equals(last)).toBe(true);
  });

  it('is given up after 5 s where nobody reads what it wrote last', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { near, haproxy } = await connection({ path: join(folder, 'nobody-reads.sock') });
    let hasEnded = false;
    void near.ended.then(() => {
      hasEnded = true;
    });
    near.onData(() => {});
    near.pause();
    await new Promise((done) => haproxy.write(last, done));
    haproxy.destroy();
    await new Promise((done) => haproxy.once('close', done));
    near.write(Buffer.from('too late'));
    const turn = () => new Promise((done) => setImmediate(done));
    await turn();

    vi.advanceTimersByTime(4999);
    for (let count = 0; count < 5; count++) await turn();
    expect(hasEnded).toBe(false);
    vi.advanceTimersByTime(1);
    expect((await near.ended).code).toBe('EPIPE');
  });
});
