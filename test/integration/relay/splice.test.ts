import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLeg } from '../../../src/modules/relay/legs/open-leg.ts';
import { splice } from '../../../src/modules/relay/splice/splice.ts';
import { ackReset } from '../../../src/modules/relay/wire/messages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/ports.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';
import { accept, dial, streamOf } from '../../rig/relay-link.ts';
import { linkInMemory, pairInMemory } from '../../rig/relay-pair.ts';
import { local } from '../../rig/relay-stand.ts';
import { relayStands } from '../../rig/test-relay-stand.ts';

describe.each(haproxyVersions)('two HAProxies %s, spliced', (title, haproxy) => {
  describe('real', unless(missingOf({ [`HAProxy ${title}`]: haproxy })), () => {
    const start = relayStands(haproxy);

    it.each(['in memory', 'over loopback'])(
      'learn, and tell each other what is new, %s',
      async (kind) => {
        const [teacher, learner] = await Promise.all([start(), start({ fresh: true })]);
        await teacher.write('old', 2000);
        const port = await freePort();
        const over = async () => {
          const ends = await Promise.all([accept(port), dial(port)]);
          return [streamOf(ends[0]), streamOf(ends[1])] as const;
        };
        const link = kind === 'in memory' ? undefined : await over();
        const pair = await pairInMemory([teacher, 's1'], [learner, 's1'], link);

        await eventually(() => learner.finished());
        expect(await learner.entries()).toBe(2000);
        await Promise.all([teacher.write('one', 500), learner.write('other', 500)]);
        await eventually(
          async () => (await teacher.entries()) === 3000 && (await learner.entries()) === 3000,
        );
        expect(pair.left.updates.out).toBeGreaterThanOrEqual(2500);
        expect(pair.right.updates.in).toBe(pair.left.updates.out);
        expect(pair.left.updates.in).toBeGreaterThanOrEqual(500);
        // Confirmations are passed on a moment later.
        await eventually(() =>
          expect(pair.left.bytes).toEqual({ in: pair.right.bytes.out, out: pair.right.bytes.in }),
        );
        await pair.stop();
        expect(await pair.left.ended).toBe('closed by the sidecar');
      },
    );

    it('keep no more than a few buffers while one of them stands still, and lose nothing', async () => {
      const [writer, stopped] = await Promise.all([start(), start()]);
      const pair = await pairInMemory([writer, 's1'], [stopped, 's1']);
      await writer.write('before', 1);
      await eventually(async () => (await stopped.entries()) === 1);
      const worker = await stopped.worker();
      await stopProcess(worker);
      try {
        // About 3 MB for the peer.
        await writer.write('much', 100_000);
        let last = -1;
        await eventually(
          () => {
            const same = pair.left.bytes.out === last;
            last = pair.left.bytes.out;
            return same;
          },
          { intervalMs: 200 },
        );
      } finally {
        process.kill(worker, 'SIGCONT');
      }
      // What the socket buffer of the stopped one holds, 208 KiB on Linux, and a chunk or two on the way.
      expect(pair.left.bytes.out).toBeLessThan(700_000);
      await eventually(async () => (await stopped.entries()) === 100_001, { timeoutMs: 30_000 });
      await pair.stop();
    });

    it('are told apart by why when one of them is reloaded, and go on when paired again', async () => {
      const [one, other] = await Promise.all([start(), start()]);
      const pair = await pairInMemory([one, 's1'], [other, 's1']);
      await one.write('before', 100);
      await eventually(async () => (await other.entries()) === 100);
      process.kill(one.masterPid, 'SIGUSR2');

      expect(await pair.left.ended).toMatch(
        /^HAProxy has ended the session, as it does when it is/,
      );
      pair.right.stop();
      expect(await pair.right.ended).toBe('closed by the sidecar');
      await eventually(() => one.finished());
      const again = await pairInMemory([one, 's1'], [other, 's1']);
      await one.write('after', 100);
      await eventually(async () => (await other.entries()) === 200);
      await again.stop();
    });
  });
});

// A fake for the moment that a real HAProxy seldom meets: it closes between a read and the confirmation that comes back.
describe('a HAProxy that closes the session while nobody reads', () => {
  const folder = suiteFolder();

  const update = Buffer.from([10, 128, 4, 1, 2, 3, 4]);

  it.each([
    ['a confirmation', ackReset(1)],
    ['an update', update],
  ])('is heard to its last update, although %s comes for it', async (what, late) => {
    const path = join(folder, `${what.replaceAll(' ', '-')}.sock`);
    let haproxy: Socket | undefined;
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.pause();
        socket.write('200\n');
        haproxy = socket;
      });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    const { signal } = new AbortController();
    const opened = await openLeg({ at: { path }, local, slot: 's1', timeoutMs: 5000, signal });
    if (opened.kind !== 'up') throw new Error(opened.why);
    const [near, far] = linkInMemory();
    let bytes = 0;
    far.onData((chunk) => {
      bytes += chunk.length;
    });
    const passing = splice(opened.leg, near);
    haproxy?.write(update);
    await eventually(() => bytes === update.length, { intervalMs: 0 });

    // Now the leg rests.
    await new Promise((done) => haproxy?.write(Buffer.concat(Array(50).fill(update)), done));
    haproxy?.destroy();
    await new Promise((done) => haproxy?.once('close', done));
    far.write(late);

    expect(await passing.ended).toMatch(/^HAProxy has ended the session/);
    expect(bytes).toBe(51 * update.length);
  });
});
