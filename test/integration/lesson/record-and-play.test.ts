import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { monotonicNow } from '../../../src/clock.ts';
import type { LessonChunk } from '../../../src/lesson/chunk.ts';
import { type PlayOptions, playLesson } from '../../../src/lesson/play.ts';
import { type RecordOptions, recordLesson } from '../../../src/lesson/record.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyBranch, haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { entriesOf, everyTable, fillEvery, tableNames, visit } from '../../rig/lesson-tables.ts';
import { local, type RelayStand } from '../../rig/relay-stand.ts';
import { relayStands } from '../../rig/test-relay-stand.ts';

/** Makes the recordings of the unit tests anew. */
const toRecord = process.env.LESSON_RECORD === '1' ? undefined : 'only with LESSON_RECORD=1';

const signal = new AbortController().signal;
const session = { local, slot: 'lesson', timeoutMs: 5000, silentMs: 5000, signal };

async function* replay(chunks: readonly LessonChunk[]) {
  yield* chunks;
}

/** A socket in front of that of HAProxy, which counts what HAProxy says. */
async function countedSocket(path: string, behind: string) {
  let bytes = 0;
  const server = createServer((near) => {
    const far = connect(behind);
    far.on('data', (chunk) => {
      bytes += chunk.length;
    });
    far.on('error', () => near.destroy());
    near.on('error', () => far.destroy());
    near.pipe(far).pipe(near);
  }).listen(path);
  await once(server, 'listening');
  return {
    path,
    /** Since the last time. */
    take() {
      const taken = bytes;
      bytes = 0;
      return taken;
    },
    close: () => void server.close(),
  };
}

describe.each(haproxyVersions)('HAProxy %s', (title, haproxy) => {
  describe('real', unless(missingOf({ [`HAProxy ${title}`]: haproxy })), () => {
    const start = relayStands(haproxy);

    const record = (
      stand: RelayStand,
      take: (chunk: LessonChunk) => Promise<void> | void,
      more: Partial<RecordOptions> = {},
    ) =>
      recordLesson(
        { at: stand.at, ...session, tables: 16, now: monotonicNow, ...more },
        // They are only good until this returns.
        ({ bytes, atMs }) => take({ bytes: Buffer.from(bytes), atMs }),
      );
    const play = (
      stand: RelayStand,
      chunks: AsyncIterable<LessonChunk>,
      more: Partial<PlayOptions> = {},
    ) => playLesson({ at: stand.at, ...session, asked: false, now: monotonicNow, ...more }, chunks);

    it.each([true, false])(
      'plays what it has recorded, of every type (asked: %s)',
      async (asked) => {
        const folder = testFolder();
        const from = await start({ sections: everyTable(folder) });
        await fillEvery(from, 300);
        await visit(
          folder,
          Array.from({ length: 200 }, (_, at) => `user${at}`),
        );
        const chunks: LessonChunk[] = [];

        const recorded = await record(from, (chunk) => void chunks.push(chunk));

        expect(recorded).toMatchObject({ kind: 'whole', entries: 5 * 300 + 3 * 200 });
        const before = new Map<string, Awaited<ReturnType<typeof entriesOf>>>();
        for (const table of tableNames) before.set(table, await entriesOf(from, table));
        const readMs = monotonicNow();
        await from.stop();
        const to = await start({ sections: everyTable(folder), fresh: asked });
        expect(await play(to, replay(chunks), { asked })).toEqual({
          ...{ kind: 'played', entries: 5 * 300 + 3 * 200, expired: 0 },
        });
        for (const table of tableNames) {
          const wanted = before.get(table) ?? new Map();
          const entries = await entriesOf(to, table);
          const lookedMs = monotonicNow();
          expect(wanted.size, table).toBeGreaterThan(100);
          const text = (map: typeof wanted) =>
            [...map].map(([key, entry]) => `${key} ${entry.text}`).toSorted();
          expect(text(entries), table).toEqual(text(wanted));
          const off = [...wanted].map(([key, { expiry }]) =>
            table === 'forever'
              ? 0
              : expiry - (lookedMs - readMs) - (entries.get(key)?.expiry ?? 0),
          );
          expect(Math.max(...off.map(Math.abs)), table).toBeLessThan(1000);
        }
        expect(await to.finished()).toBe(true);
      },
    );

    it('brings what the recordings hold', unless(toRecord), async () => {
      const folder = testFolder();
      const from = await start({ sections: everyTable(folder) });
      await fillEvery(from, 12);
      await visit(folder, ['anna', 'bert', 'carl', 'dora', 'emil', 'fred', 'gert']);
      const chunks: LessonChunk[] = [];
      await record(from, (chunk) => void chunks.push(chunk));
      const tables: Record<string, readonly string[]> = {};
      for (const table of tableNames)
        tables[table] = [...(await entriesOf(from, table))].map(
          ([key, { text }]) => `${key} ${text}`,
        );
      const lesson = Buffer.concat(chunks.map(({ bytes }) => bytes)).toString('base64');
      writeFileSync(
        `test/golden/lesson/${haproxyBranch(haproxy ?? '')}.json`,
        `${JSON.stringify({ lesson, tables }, null, 2)}\n`,
      );
    });

    it.each(['2.6', '3.0', '3.4'])('takes what HAProxy %s has taught', async (version) => {
      const golden = JSON.parse(readFileSync(`test/golden/lesson/${version}.json`, 'utf8')) as {
        readonly lesson: string;
        readonly tables: Readonly<Record<string, readonly string[]>>;
      };
      const to = await start({ sections: everyTable(testFolder()) });
      const chunk = { bytes: Buffer.from(golden.lesson, 'base64'), atMs: monotonicNow() };

      expect(await play(to, replay([chunk]))).toMatchObject({ kind: 'played', expired: 0 });
      for (const table of tableNames) {
        const entries = [...(await entriesOf(to, table))].map(
          ([key, { text }]) => `${key} ${text}`,
        );
        expect(entries.toSorted(), table).toEqual(golden.tables[table]?.toSorted());
      }
    });

    it('leaves out what has expired, and takes their age off the others', async () => {
      const folder = testFolder();
      const from = await start({ sections: everyTable(folder) });
      await fillEvery(from, 100);
      await visit(
        folder,
        Array.from({ length: 100 }, (_, at) => `user${at}`),
      );
      const chunks: LessonChunk[] = [];
      await record(from, (chunk) => void chunks.push(chunk));
      await from.stop();
      const to = await start({ sections: everyTable(folder) });
      const older = chunks.map(({ bytes, atMs }) => ({ bytes, atMs: atMs - 25 * 60_000 }));

      expect(await play(to, replay(older))).toEqual({ kind: 'played', entries: 500, expired: 300 });
      for (const [table, count] of [
        ...[['sessions', 100] as const, ['numbers', 0] as const, ['addresses', 0] as const],
        ...[['addresses6', 100] as const, ['hashes', 100] as const, ['forever', 100] as const],
      ])
        expect((await entriesOf(to, table)).size, table).toBe(count);
      const [six] = (await entriesOf(to, 'addresses6')).values();
      expect(six?.expiry).toBeGreaterThan(4 * 60_000);
      expect(six?.expiry).toBeLessThan(5 * 60_000);
      const servers = [...(await entriesOf(to, 'web1')).values()].map(
        ({ text }) => /server_key=(\S+)/.exec(text)?.[1],
      );
      expect(new Set(servers).size).toBe(5);
    });

    it('misses nothing of what is written while it records', async () => {
      const [from, learned] = await Promise.all([start(), start()]);
      await from.write('key', 40_000);
      const lesson: LessonChunk[] = [];
      await record(from, (chunk) => void lesson.push(chunk));
      expect(await play(learned, replay(lesson))).toMatchObject({ entries: 40_000 });
      const keys = new Map<string, number>();
      let written = false;
      const recorded = await record(learned, async ({ bytes }) => {
        for (const [key] of bytes.toString('latin1').matchAll(/key\d+/g))
          keys.set(key, (keys.get(key) ?? 0) + 1);
        if (written) return;
        written = true;
        // Most of them are still to come, and go before what comes next as soon as they are written.
        for (let at = 39_900; at < 40_000; at++)
          await learned.ask(`set table sessions key key${at} data.gpc0 2`);
      });

      expect(recorded.kind).toBe('whole');
      expect(keys.size).toBe(40_000);
      expect(await learned.entries()).toBe(40_000);
    });

    it('behind an earlier recording HAProxy says nothing twice, and nothing is missed', async () => {
      const folder = testFolder();
      const [from, to] = await Promise.all([start(), start()]);
      await from.write('key', 20_000);
      const counted = await countedSocket(join(folder, 'counted.sock'), from.at.path);
      const at = { path: counted.path };
      const first = await record(from, () => {}, { at });
      if (first.kind !== 'whole') throw new Error(first.why);
      const whole = counted.take();
      const beganMs = monotonicNow();
      const quiet = await record(from, () => {}, { at, written: first.written });
      expect(quiet).toMatchObject({ kind: 'whole', entries: 20_000 });
      // It ends when HAProxy closes, and does not wait for that in vain.
      expect(monotonicNow() - beganMs).toBeLessThan(session.timeoutMs - 1000);
      // 2.6 begins from the start again.
      if (haproxyBranch(haproxy ?? '') !== '2.6') expect(counted.take()).toBeLessThan(whole * 0.6);
      // As of this worker, of one that had written more, and of one that had written less.
      const others = [2 ** 31 - 2, 1_000_000, 3].map((id) => new Map([[1, id]]));
      for (const [round, written] of [first.written, ...others].entries()) {
        const lesson: LessonChunk[] = [];
        const values = `data.gpc0 ${round + 2}`;
        let hasWritten = false;
        const again = await record(
          from,
          async (chunk) => {
            lesson.push(chunk);
            if (hasWritten) return;
            hasWritten = true;
            for (let key = 0; key < 100; key++)
              await from.ask(`set table sessions key key${key * 200} ${values}`);
          },
          { at, written },
        );
        expect(again.kind).toBe('whole');
        expect(await play(to, replay(lesson))).toMatchObject({ kind: 'played' });
        expect(await to.entries()).toBe(20_000);
        const changed = await to.ask(`show table sessions data.gpc0 eq ${round + 2}`);
        expect(changed.match(/key=/g)).toHaveLength(100);
      }
      counted.close();
    });

    it('says when HAProxy is reloaded in the middle, and when it falls silent', async () => {
      const from = await start();
      await from.write('key', 20_000);
      const worker = await from.worker();
      let reloaded = false;
      const broken = await record(from, async () => {
        if (reloaded) return;
        reloaded = true;
        process.kill(from.masterPid, 'SIGUSR2');
        await eventually(async () => (await from.worker()) !== worker);
      });
      expect(broken.kind).toBe('closed');

      await eventually(() => from.finished());
      const stopped = await from.worker();
      let halted = false;
      const silent = await record(
        from,
        async () => {
          if (halted) return;
          halted = true;
          await stopProcess(stopped);
        },
        { silentMs: 200 },
      ).finally(() => process.kill(stopped, 'SIGCONT'));
      expect(silent.kind).toBe('silent');
    });

    it('is not for a HAProxy that still learns, nor from one', async () => {
      const learning = await start({ fresh: true });

      expect(await record(learning, () => {})).toMatchObject({ kind: 'partial' });
      const learned = await start();
      expect(await play(learned, replay([]), { asked: true, silentMs: 200 })).toMatchObject({
        kind: 'not-asked',
      });
      expect(await record(learned, () => {}, { slot: 's99' })).toMatchObject({ kind: 'refused' });
    });

    it('records a million entries in bounded memory', unless(onlyInAll), async () => {
      const from = await start({ size: '2m' });
      await Promise.all([0, 1, 2, 3].map((part) => from.write(`key${part}-`, 250_000)));
      const to = await start({ size: '2m' });
      const startedMs = monotonicNow();
      let largest = 0;
      const pipe = new TransformStream<LessonChunk, LessonChunk>();
      const writer = pipe.writable.getWriter();
      const playing = play(to, pipe.readable);
      const recorded = await record(from, async (chunk) => {
        largest = Math.max(largest, process.memoryUsage.rss());
        await writer.write(chunk);
      });
      await writer.close();
      const played = await playing;

      console.log(
        `${title}: ${JSON.stringify(recorded)} recorded and played in ${Math.round(monotonicNow() - startedMs)} ms, ${Math.round(largest / 1e6)} MB of memory at most`,
      );
      expect(recorded).toMatchObject({ kind: 'whole', entries: 1_000_000 });
      expect(played).toMatchObject({ kind: 'played', entries: 1_000_000 });
      expect(await to.entries()).toBe(1_000_000);
    });
  });
});
