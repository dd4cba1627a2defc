import {
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findSnapshot } from '../../../../src/modules/snapshot/find.ts';
import { type TakeOptions, takeSnapshot } from '../../../../src/modules/snapshot/take.ts';
import { disk } from '../../../../src/snapshot/file/write-snapshot.ts';
import { readBack, takenAtMs, written } from '../../../helpers/snapshot-input.ts';
import { testFolder } from '../../../helpers/test-folder.ts';

const ours = { set: 'default/haproxy-peers', section: 'haproxy-peers' };
const signal = new AbortController().signal;

function options(directory: string, change: Partial<TakeOptions> = {}): TakeOptions {
  let id = 0;
  return {
    ...{ directory, keep: 2, now: () => 100, wallNow: () => takenAtMs },
    origin: { ...ours, replica: 'web-0', program: '0.1.0' },
    about: async () => ({ haproxy: '3.4.0', tables: [] }),
    key: async () => undefined,
    async record(take) {
      await take({ bytes: Buffer.from('one'), atMs: 100 });
      await take({ bytes: Buffer.from('two'), atMs: 250 });
      return { kind: 'whole', entries: 2, bytes: 6, written: new Map() };
    },
    newId() {
      id += 1;
      return `id${id}`;
    },
    ...change,
  };
}

describe('a snapshot', () => {
  it('is what was recorded, with its time', async () => {
    const directory = testFolder();
    const taken = await takeSnapshot(options(directory), signal);
    expect(taken).toMatchObject({ kind: 'taken', entries: 2, takenAtMs });
    const [file = ''] = readdirSync(directory);
    expect(await readBack(join(directory, file))).toMatchObject({
      bytes: Buffer.from('onetwo'),
      chunks: [{ takenAtMs }],
      trailer: { entries: 2 },
    });
  });

  it.each([
    [
      'there is nothing',
      { kind: 'whole', entries: 0, bytes: 0, written: new Map() } as const,
      'empty',
    ],
    ['HAProxy ends it', { kind: 'closed', why: 'reloaded' } as const, 'failed'],
  ])('leaves no file where %s', async (_, recorded, kind) => {
    const directory = testFolder();
    const record: TakeOptions['record'] = async (take) => {
      await take({ bytes: Buffer.alloc(300_000), atMs: 0 });
      return recorded;
    };
    expect(await takeSnapshot(options(directory, { record }), signal)).toMatchObject({ kind });
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each<[string, Partial<TakeOptions>, string]>([
    [
      'HAProxy does not answer',
      { about: async () => Promise.reject(new Error('no socket')) },
      'no socket',
    ],
    ['the key is gone', { key: async () => Promise.reject(new Error('no key')) }, 'no key'],
  ])('says why there is none where %s', async (_, change, why) => {
    const directory = testFolder();
    const taken = await takeSnapshot(options(directory, change), signal);
    expect(taken).toMatchObject({ kind: 'failed', why: expect.stringContaining(why) });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('says so where the directory is gone, and is taken again when it is back', async () => {
    const directory = join(testFolder(), 'volume');
    mkdirSync(directory);
    rmSync(directory, { recursive: true });
    const taken = await takeSnapshot(options(directory), signal);
    expect(taken).toMatchObject({ kind: 'failed', why: expect.stringContaining('ENOENT') });
    mkdirSync(directory);
    expect(await takeSnapshot(options(directory), signal)).toMatchObject({ kind: 'taken' });
  });

  it('has the next number, and the others that are not kept are removed', async () => {
    const directory = testFolder();
    const same = options(directory);
    for (let at = 0; at < 6; at += 1) await takeSnapshot(same, signal);
    const found = readdirSync(directory).toSorted();
    // The first is the first of its hour.
    expect(found.map((name) => name.slice(0, 17))).toEqual([
      'snapshot-00000001',
      'snapshot-00000005',
      'snapshot-00000006',
    ]);
  });
});

describe('earlier files that cannot be removed', () => {
  const stuck = { ...disk, remove: async () => Promise.reject(new Error('EPERM: sticky')) };

  it('do not make the new one a failure, and are said beside it', async () => {
    const directory = testFolder();
    const same = options(directory, { disk: { ...disk } });
    for (let at = 0; at < 4; at += 1) await takeSnapshot(same, signal);
    // What is given up has a name of its own: only the last step is to fail.
    const remove: typeof disk.remove = (path) =>
      path.endsWith('.hps') ? stuck.remove() : disk.remove(path);
    const taken = await takeSnapshot({ ...same, disk: { ...disk, remove } }, signal);
    expect(taken).toMatchObject({ kind: 'taken', notRemoved: 'EPERM: sticky' });
    const { found } = await findSnapshot(directory, ours, []);
    expect(found?.path).toBe(taken.kind === 'taken' && taken.path);
    expect(await takeSnapshot(same, signal)).toMatchObject({ notRemoved: undefined });
  });

  it('keep none of the others', async () => {
    const directory = testFolder();
    const same = options(directory, { keep: 10 });
    for (let at = 0; at < 6; at += 1) await takeSnapshot(same, signal);
    const first = readdirSync(directory).toSorted()[1] ?? '';
    const remove: typeof disk.remove = (path) =>
      path.endsWith(first) ? stuck.remove() : disk.remove(path);
    await takeSnapshot({ ...same, keep: 2, disk: { ...disk, remove } }, signal);
    // The first of its hour, the one that is stuck, and the newest two.
    expect(readdirSync(directory)).toHaveLength(4);
  });

  it('are no reason to take none where one was left by a sidecar that was killed', async () => {
    const directory = testFolder();
    const left = join(directory, '.snapshot-web-0~old.partial');
    mkdirSync(left);
    utimesSync(left, 0, 0);
    const taken = await takeSnapshot(options(directory), signal);
    expect(taken).toMatchObject({ kind: 'taken', notRemoved: expect.stringContaining(left) });
  });
});

it('removes no file of another set, and none that is no snapshot, in a directory of both', async () => {
  const directory = testFolder();
  const others = await written(directory, [Buffer.from('x')], {
    header: { sequence: 1, set: 'other/haproxy-peers' },
  });
  const foreign = join(directory, 'snapshot-00000002-20260101T000000Z-a.hps');
  writeFileSync(foreign, 'x');
  const same = options(directory);
  for (let at = 0; at < 6; at += 1) await takeSnapshot(same, signal);
  const left = readdirSync(directory).map((name) => join(directory, name));
  expect(left).toContain(others);
  expect(left).toContain(foreign);
  expect(left).toHaveLength(2 + 3);
});

describe('the one to restore', () => {
  it('is the newest by number that is whole and of this set, and the others are named', async () => {
    const directory = testFolder();
    const put = (sequence: number, header = {}) =>
      written(directory, [Buffer.from('x')], { header: { sequence, ...header } });
    const right = await put(3, { takenAtMs: 1000 });
    await put(2);
    const others = await put(4, { set: 'other/haproxy-peers' });
    const section = await put(5, { section: 'mesh' });
    const foreign = join(directory, 'snapshot-00000006-20260101T000000Z-a.hps');
    writeFileSync(foreign, 'x');
    const { found, refused } = await findSnapshot(directory, ours, []);
    expect(found?.path).toBe(right);
    expect(refused.map(({ path, kind }) => [path, kind])).toEqual([
      [foreign, 'foreign'],
      [section, 'other set'],
      [others, 'other set'],
    ]);
    expect((await findSnapshot(directory, ours, [], new Set([right]))).found?.header.sequence).toBe(
      2,
    );
  });

  it.each<[string, (directory: string, sequence: number) => Promise<unknown>]>([
    [
      'snapshots of other sets',
      (directory, sequence) =>
        written(directory, [Buffer.from('x')], { header: { sequence, set: `other/${sequence}` } }),
    ],
    [
      'files that are none',
      async (directory, sequence) =>
        writeFileSync(join(directory, `snapshot-0000${sequence}-20260101T000000Z-a.hps`), 'x'),
    ],
  ])('is found behind any number of newer %s', async (_, put) => {
    const directory = testFolder();
    const right = await written(directory, [Buffer.from('x')], { header: { sequence: 3 } });
    for (let sequence = 1000; sequence < 1100; sequence += 1) await put(directory, sequence);
    const { found, refused } = await findSnapshot(directory, ours, []);
    expect(found?.path).toBe(right);
    expect(refused).toHaveLength(20);
  });

  it('is none after twenty of these tables that are damaged', async () => {
    const directory = testFolder();
    for (let sequence = 1; sequence <= 21; sequence += 1) {
      const path = await written(directory, [Buffer.from('x')], { header: { sequence } });
      if (sequence > 1) truncateSync(path, statSync(path).size - 1);
    }
    const { found, refused } = await findSnapshot(directory, ours, []);
    expect([found, refused.length]).toEqual([null, 20]);
  });

  it('is none where there is no directory, which is named', async () => {
    expect(await findSnapshot('/nowhere', ours, [])).toMatchObject({
      found: null,
      refused: [{ path: '/nowhere', kind: 'unreadable' }],
    });
  });
});

describe('two replicas that do not know of each other', () => {
  it('take snapshots into one directory at the same time, and what is kept is whole', async () => {
    const directory = testFolder();
    const replicas = ['web-0', 'web-1'].map((replica) =>
      options(directory, {
        origin: { ...ours, replica, program: '0.1.0' },
        newId: () => `${replica}-${Math.random().toString(36).slice(2)}`,
      }),
    );
    for (let round = 0; round < 25; round += 1) {
      const both = await Promise.all(replicas.map((each) => takeSnapshot(each, signal)));
      expect(both.map(({ kind }) => kind)).toEqual(['taken', 'taken']);
    }
    const left = readdirSync(directory);
    expect(left.length).toBeGreaterThanOrEqual(2);
    // Both keep two, and the first of the hour and of the day.
    expect(left.length).toBeLessThanOrEqual(6);
    for (const file of left)
      expect(await readBack(join(directory, file))).toMatchObject({ trailer: { entries: 2 } });
    const { found, refused } = await findSnapshot(directory, ours, []);
    expect(found?.header.sequence).toBeGreaterThanOrEqual(25);
    expect(refused).toEqual([]);
  });
});

describe('a clock that is set back by a day', () => {
  it('does not make what is taken then the older one, nor remove it', async () => {
    const directory = testFolder();
    let now = takenAtMs;
    const taking = options(directory, { wallNow: () => now });
    for (let at = 0; at < 5; at += 1) {
      now += 30_000;
      await takeSnapshot(taking, signal);
    }
    now -= 86_400_000;
    for (let at = 0; at < 5; at += 1) {
      now += 30_000;
      const taken = await takeSnapshot(taking, signal);
      const { found } = await findSnapshot(directory, ours, []);
      expect(found?.path).toBe(taken.kind === 'taken' && taken.path);
      expect(found?.header.takenAtMs).toBe(now);
    }
  });
});
