import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatVersion, limits, magic, recordHead } from '../../../../src/snapshot/file/layout.ts';
import { openSnapshot } from '../../../../src/snapshot/file/open-snapshot.ts';
import { SnapshotRefused } from '../../../../src/snapshot/file/refusal.ts';
import { randomOf } from '../../../helpers/random.ts';
import {
  headerOf,
  readBack,
  refusalOf,
  takenAtMs,
  written,
} from '../../../helpers/snapshot-input.ts';
import { testFolder } from '../../../helpers/test-folder.ts';

/** Messages of many sizes, from a few bytes to the longest that there is. */
function messagesOf(seed: number, count: number, longest: number): readonly Buffer[] {
  const random = randomOf(seed);
  return Array.from({ length: count }, () =>
    Buffer.alloc(1 + Math.floor(random() ** 4 * longest), Math.floor(random() * 256)),
  );
}

const key = Buffer.from('0123456789abcdef0123456789abcdef');
const other = Buffer.from('fedcba9876543210fedcba9876543210');
const ways = [
  { name: 'as it is', options: {}, keys: [] },
  { name: 'encrypted', options: { key }, keys: [other, key] },
] as const;

describe.each(ways)('a snapshot, $name', ({ options, keys }) => {
  it.each([0, 1, 2, 3, 4])('comes back as it was written (%i)', async (seed) => {
    const messages = messagesOf(
      seed,
      [0, 1, 40, 100, 20_000][seed] ?? 0,
      seed < 4 ? 1024 * 1024 : 500,
    );
    const path = await written(testFolder(), messages, options);
    const back = await readBack(path, keys);
    if (back instanceof SnapshotRefused) throw back;
    expect(back.bytes.equals(Buffer.concat(messages))).toBe(true);
    expect(back.header).toMatchObject(headerOf());
    expect(back.trailer).toMatchObject({ entries: messages.length, chunks: back.chunks.length });
    expect(back.trailer.bytes).toBe(back.bytes.length);
    const file = await openSnapshot(path, keys);
    const again: Buffer[] = [];
    for await (const chunk of file.chunks('again')) again.push(Buffer.from(chunk.messages));
    await file.close();
    expect(Buffer.concat(again).equals(back.bytes)).toBe(true);
    const dates = back.chunks.map((chunk) => chunk.takenAtMs - takenAtMs);
    expect(dates).toEqual(dates.toSorted((left, right) => left - right));
    expect(dates.every((ms) => ms >= 0 && ms < Math.max(1, messages.length))).toBe(true);
  });

  it('is readable for its owner alone, and nothing is left beside it', async () => {
    const directory = testFolder();
    const before = process.umask(0o000);
    try {
      const path = await written(directory, messagesOf(1, 10, 100), options);
      expect(statSync(path).mode & 0o7777).toBe(0o600);
      expect(readdirSync(directory)).toEqual(['snapshot-00000042-20260131T235959Z-web-0.hps']);
    } finally {
      process.umask(before);
    }
  });

  it('is refused wherever it is cut off', async () => {
    const path = await written(testFolder(), messagesOf(2, 30, 500), options);
    const whole = readFileSync(path);
    const seen = new Set<string>();
    for (let length = 0; length < whole.length; length += 1) {
      writeFileSync(path, whole.subarray(0, length));
      seen.add(await refusalOf(path, keys));
    }
    expect([...seen]).toEqual(['torn']);
  });

  it('is refused whichever byte is another, and when something follows it', async () => {
    const path = await written(testFolder(), messagesOf(3, 30, 500), options);
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at += 1) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(path, changed);
      expect(await refusalOf(path, keys), `byte ${at}`).toMatch(
        /^(foreign|future|torn|damaged|sealed)$/,
      );
    }
    writeFileSync(path, Buffer.concat([whole, Buffer.from([0])]));
    expect(await refusalOf(path, keys)).toBe('torn');
    writeFileSync(path, Buffer.concat([whole, whole.subarray(-37)]));
    expect(await refusalOf(path, keys)).toBe('damaged');
  });
});

describe('what is no snapshot', () => {
  const file = (content: Buffer | string): string => {
    const path = join(testFolder(), 'file');
    writeFileSync(path, content);
    return path;
  };

  it('is refused by its first bytes', async () => {
    expect(await refusalOf(file('#!/bin/sh\n'))).toBe('foreign');
    expect(await refusalOf(file(randomBytes(100_000)))).toBe('foreign');
    expect(await refusalOf(file(''))).toBe('torn');
  });

  it('is refused where it is a directory, a pipe or nothing', async () => {
    const folder = testFolder();
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    mkdirSync(join(folder, 'directory'));
    expect(await refusalOf(pipe)).toBe('foreign');
    expect(await refusalOf(join(folder, 'directory'))).toBe('foreign');
    expect(await refusalOf(join(folder, 'nothing'))).toBe('unreadable');
  });

  it('is refused where a later version wrote it, and says so', async () => {
    const version = Buffer.from([0, formatVersion + 1]);
    const result = await readBack(file(Buffer.concat([magic, version, randomBytes(1000)])));
    expect(result).toMatchObject({ kind: 'future' });
    expect(String(result)).toContain(`format ${formatVersion + 1}`);
  });

  it('is not read into memory whatever length it claims', async () => {
    const path = await written(testFolder(), []);
    const whole = readFileSync(path);
    for (const kind of [1, 2, 3, 4, 5, 255]) {
      const claim = recordHead(kind, 0xffffffff);
      writeFileSync(path, Buffer.concat([whole.subarray(0, magic.length + 2), claim, whole]));
      expect(await refusalOf(path)).toBe('damaged');
    }
    expect(limits.chunkBytes).toBeLessThan(16 * 1024 * 1024);
  });

  it('is refused as a file that is all holes', async () => {
    const path = file('');
    truncateSync(path, 1024 ** 3);
    expect(await refusalOf(path)).toBe('foreign');
  });
});

describe('an encrypted snapshot', () => {
  it('is read with its key alone, and says what is wrong', async () => {
    const path = await written(testFolder(), messagesOf(5, 50, 100), { key });
    expect(String(await readBack(path))).toContain('no key was given');
    expect(String(await readBack(path, [other]))).toContain('another key');
  });

  it('shows nothing of what was written, nor how many entries there are', async () => {
    const secret = Buffer.from('session-of-a-user-with-a-long-name');
    const messages = Array.from({ length: 12_345 }, () => secret);
    const text = readFileSync(await written(testFolder(), messages, { key })).toString('latin1');
    expect(text).not.toContain('session-of');
    expect(text).not.toContain('12345');
  });

  it('has other bytes each time', async () => {
    const messages = messagesOf(6, 50, 100);
    const files = [
      readFileSync(await written(testFolder(), messages, { key })),
      readFileSync(await written(testFolder(), messages, { key })),
    ];
    expect(files[0]?.subarray(-300).equals(files[1]?.subarray(-300) ?? Buffer.alloc(0))).toBe(
      false,
    );
  });

  it('takes no part of another snapshot, with the same key or of the same content', async () => {
    const messages = Array.from({ length: 20 }, (_, at) => Buffer.alloc(200_000, at));
    const one = readFileSync(await written(testFolder(), messages, { key }));
    const path = await written(testFolder(), messages, { key });
    const two = readFileSync(path);
    const headerEnd = 15 + one.readUInt32BE(11);
    expect(one.length).toBe(two.length);
    writeFileSync(path, Buffer.concat([two.subarray(0, headerEnd), one.subarray(headerEnd)]));
    expect(await refusalOf(path, [key])).toBe('damaged');
  });
});

describe('a file that no reader would take', () => {
  const tables = (count: number, length: number) =>
    Array.from({ length: count }, () => ({ name: 't'.repeat(length), keys: 'ip' }));
  it.each([
    ['a set of 3000 characters', { set: 's'.repeat(3000) }, 'set'],
    ['no name of a replica', { replica: '' }, 'replica'],
    ['a table of 3000 characters', { tables: tables(1, 3000) }, 'tables.0.name'],
    ['5001 tables', { tables: tables(5001, 3) }, 'tables'],
    ['names that take more than the header may', { tables: tables(700, 2000) }, 'tables take'],
    ['a replica with a space', { replica: 'web 0' }, 'web 0'],
    ['a replica that is a path', { replica: '../web-0' }, 'no name of a snapshot'],
    ['a replica of two lines', { replica: 'web\n0' }, 'no name of a snapshot'],
    ['a number above the highest', { sequence: 1_000_000_000_000_000 }, 'highest number'],
  ])('is not written: %s', async (_, header, why) => {
    const directory = testFolder();
    await expect(written(directory, [Buffer.from('x')], { header })).rejects.toMatchObject({
      code: 'SNAPSHOT_FAILED',
      message: expect.stringContaining(why),
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([1, 100, 400, 2048])('a table of %i characters comes back', async (length) => {
    const header = { tables: tables(1, length), set: 's'.repeat(length) };
    const path = await written(testFolder(), [Buffer.from('x')], { header });
    expect(await readBack(path)).toMatchObject({ header });
  });
});
