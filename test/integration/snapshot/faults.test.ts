import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { kill } from 'node:process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { monotonicNow, wallNow } from '../../../src/clock.ts';
import { recordLesson } from '../../../src/lesson/record.ts';
import { restoreByHand } from '../../../src/modules/snapshot/restore-by-hand.ts';
import { type TakeOptions, takeSnapshot } from '../../../src/modules/snapshot/take.ts';
import { openSnapshot } from '../../../src/snapshot/file/open-snapshot.ts';
import { disk, type SnapshotDisk } from '../../../src/snapshot/file/write-snapshot.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { readBack } from '../../helpers/snapshot-input.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { local, type RelayStand, startRelayStand } from '../../rig/relay-stand.ts';

const { signal } = new AbortController();
const session = { local, slot: 'lesson', timeoutMs: 5000, silentMs: 5000 };

/** A volume that takes so many bytes a second: no real one is at hand that is slow on demand. */
function slowDisk(bytesPerSecond: number): SnapshotDisk {
  return {
    ...disk,
    async open(...args) {
      const file = await disk.open(...args);
      const write = file.writeFile.bind(file);
      return Object.assign(file, {
        async writeFile(bytes: Buffer) {
          for (let at = 0; at < bytes.length; at += 1000) {
            const part = bytes.subarray(at, at + 1000);
            await new Promise((resolve) =>
              setTimeout(resolve, (1000 * part.length) / bytesPerSecond),
            );
            await write(part);
          }
        },
      });
    },
  };
}

describe.each(haproxyVersions)('faults of snapshots, HAProxy %s', (title, haproxy) => {
  const missing =
    missingOf({ [`HAProxy ${title}`]: haproxy }) ?? (title === '3.4' ? undefined : onlyInAll);
  describe('real', unless(missing), () => {
    async function start(options = {}): Promise<RelayStand> {
      const stand = await startRelayStand(haproxy ?? '', options);
      onTestFinished(() => stand.stop());
      return stand;
    }

    const taking = (stand: RelayStand, directory: string, change: Partial<TakeOptions> = {}) =>
      ({
        ...{ directory, keep: 3, now: monotonicNow, wallNow, key: async () => undefined },
        origin: { set: 'a/b', section: 'b', replica: 'web-0', program: '0.1.0' },
        about: async () => ({ haproxy: null, tables: [] }),
        record: (take, stop) =>
          recordLesson(
            { at: stand.at, ...session, signal: stop, tables: 16, now: monotonicNow },
            take,
          ),
        newId: () => `id${Math.random().toString(36).slice(2)}`,
        ...change,
      }) satisfies TakeOptions;

    /** Keys that are compressed badly. */
    async function fill(stand: RelayStand, count: number): Promise<void> {
      for (let from = 0; from < count; from += 200) {
        const lines = Array.from({ length: Math.min(200, count - from) }, () => {
          const key = Array.from({ length: 4 }, () => Math.random().toString(36).slice(2)).join('');
          return `set table sessions key ${key} data.gpc0 1`;
        });
        await stand.ask(lines.join(';'));
      }
    }

    async function fileOf(stand: RelayStand): Promise<string> {
      const taken = await takeSnapshot(taking(stand, testFolder()), signal);
      if (taken.kind !== 'taken') throw new Error(JSON.stringify(taken));
      return taken.path;
    }

    it('a volume of 10 kB/s gets whole files, and HAProxy answers and is written to meanwhile', async () => {
      const stand = await start();
      await fill(stand, 1000);
      const directory = testFolder();
      const slow = taking(stand, directory, { disk: slowDisk(10_000) });
      let isOver = false;
      const taken = takeSnapshot(slow, signal).finally(() => {
        isOver = true;
      });
      const waits: number[] = [];
      while (!isOver) {
        const atMs = monotonicNow();
        await stand.ask('set table sessions key busy data.gpc0 1');
        waits.push(monotonicNow() - atMs);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const result = await taken;
      if (result.kind !== 'taken') throw new Error(JSON.stringify(result));
      expect(result.ms).toBeGreaterThan(2000);
      expect(await readBack(result.path)).toMatchObject({ trailer: { entries: result.entries } });
      expect(result.entries).toBeGreaterThanOrEqual(1000);
      expect(waits.length).toBeGreaterThan(20);
      expect(Math.max(...waits)).toBeLessThan(1000);
    });

    it('a volume that is too slow is given up in time, and nothing is left of it', async () => {
      const stand = await start();
      // More than sockets hold, so that HAProxy itself has to wait.
      await fill(stand, 40_000);
      const directory = testFolder();
      // A write that has begun is waited for: 250 kB at the most.
      const slow = taking(stand, directory, { disk: slowDisk(60_000) });
      const limit = AbortSignal.timeout(1000);
      const result = await takeSnapshot(slow, limit);
      expect(result).toMatchObject({ kind: 'failed' });
      expect(readdirSync(directory)).toEqual([]);
      expect(await stand.entries()).toBe(40_000);
      // HAProxy has the slot free for the next one.
      const next = await takeSnapshot(taking(stand, directory), signal);
      expect(next).toMatchObject({ kind: 'taken', entries: 40_000 });
    });

    it('a sidecar that is killed before any part of a lesson that is played leaves a HAProxy that takes the rest of it', async () => {
      const from = await start();
      await fill(from, 12_000);
      const path = await fileOf(from);
      const file = await openSnapshot(path);
      onTestFinished(() => file.close());
      const parts = file.trailer.chunks;
      expect(parts).toBeGreaterThan(1);
      const child = join(import.meta.dirname, 'killed-player.ts');
      async function dieBefore(part: number): Promise<number> {
        // One that asks would do so for 5 s only, and a busy machine may take longer to start the program.
        const to = await start();
        const { promise, resolve } = Promise.withResolvers<string | null>();
        spawn(process.execPath, [child, path, to.at.path, String(part)], { stdio: 'inherit' }).on(
          'exit',
          (_, by) => resolve(by),
        );
        expect(await promise).toBe('SIGKILL');
        const come = await to.entries();
        expect(come).toBeLessThanOrEqual(12_000);
        const restored = await restoreByHand({
          ...{ entries: await to.entries(), file, onProgress() {} },
          record: { at: to.at, ...session, signal, tables: 16, now: wallNow },
        });
        expect(restored).toMatchObject({ kind: 'restored', older: 0 });
        expect(await to.entries()).toBe(12_000);
        return come;
      }
      const came = await Promise.all(
        Array.from({ length: parts + 1 }, (_, part) => dieBefore(part)),
      );
      // Nothing before the first part, and something before the last.
      expect(came[0]).toBe(0);
      expect(came.at(-1)).toBeGreaterThan(0);
    });

    it('what is restored by hand leaves what is newer, and what is written before an entry comes has the value of the file', async () => {
      const stand = await start();
      const gpc0 = async (key: string) =>
        /gpc0=(\d+)/.exec(await stand.ask(`show table sessions key ${key}`))?.[1];
      for (const key of ['newer', 'lost', 'between'])
        await stand.ask(`set table sessions key ${key} data.gpc0 1`);
      const file = await openSnapshot(await fileOf(stand));
      onTestFinished(() => file.close());
      await stand.ask('set table sessions key newer data.gpc0 2');
      await stand.ask('clear table sessions key lost');
      await stand.ask('clear table sessions key between');
      const restored = await restoreByHand({
        entries: 1,
        file: {
          trailer: file.trailer,
          async *chunks() {
            // It was compared by now.
            await stand.ask('set table sessions key between data.gpc0 5');
            yield* file.chunks();
          },
        },
        onProgress() {},
        record: { at: stand.at, ...session, signal, tables: 16, now: wallNow },
      });
      expect(restored).toMatchObject({ kind: 'restored', entries: 2, older: 0, kept: 1 });
      expect(await gpc0('newer')).toBe('2');
      expect(await gpc0('lost')).toBe('1');
      expect(await gpc0('between')).toBe('1');
    });

    it.each(['killed', 'reloaded'] as const)(
      'HAProxy that is %s while a file is restored by hand ends that, and the next attempt restores all',
      async (how) => {
        const from = await start();
        await fill(from, 12_000);
        const file = await openSnapshot(await fileOf(from));
        onTestFinished(() => file.close());
        let to = await start();
        const before = await to.worker();
        const restore = (stand: RelayStand, onPart: (part: number) => Promise<void>) =>
          restoreByHand({
            entries: 0,
            file: {
              trailer: file.trailer,
              async *chunks() {
                let part = 0;
                for await (const chunk of file.chunks()) {
                  await onPart(part);
                  part += 1;
                  yield chunk;
                }
              },
            },
            onProgress() {},
            record: { at: stand.at, ...session, signal, tables: 16, now: wallNow },
          });
        // Held before the second part until HAProxy is gone.
        const broken = await restore(to, async (part) => {
          if (part !== 1) return;
          if (how === 'killed') await to.stop();
          else {
            kill(to.masterPid, 'SIGUSR2');
            await eventually(async () => (await to.worker()) !== before);
          }
        });
        if (how === 'killed') {
          expect(broken.kind).toBe('failed');
          to = await start();
        } else await eventually(() => to.finished(), { timeoutMs: 30_000 });
        const again = await restore(to, async () => {});
        expect(again).toMatchObject({ kind: 'restored', older: 0 });
        expect(await to.entries()).toBe(12_000);
      },
    );
  });
});
