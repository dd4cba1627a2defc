import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBack, written } from '../../helpers/snapshot-input.ts';
import { testFolder } from '../../helpers/test-folder.ts';

/*
 * Files as format 1 is. They must be read for ever; `SNAPSHOT_RECORD=1` writes those that are missing, which is right for a new
 * format alone.
 */
const folder = join(import.meta.dirname, 'format-1');
const key = Buffer.from('0123456789abcdef0123456789abcdef');
const messages = Array.from({ length: 1000 }, (_, at) =>
  Buffer.from(`message ${at} of a thousand\n`),
);

const files = [
  { name: 'plain.hps', options: {} },
  { name: 'encrypted.hps', options: { key } },
  { name: 'empty.hps', options: {}, count: 0 },
] as const;

describe('format 1', () => {
  it.each(files)('$name is read', async ({ name, options, ...more }) => {
    const path = join(folder, name);
    const expected = messages.slice(0, 'count' in more ? more.count : messages.length);
    if (process.env.SNAPSHOT_RECORD === '1' && !existsSync(path)) {
      copyFileSync(await written(testFolder(), expected, options), path);
    }
    expect(await readBack(path, [key])).toMatchObject({
      header: {
        ...{ id: 'idOf-this_one', sequence: 42, set: 'default/haproxy-peers', replica: 'web-0' },
        ...{ section: 'haproxy-peers', program: '0.1.0', haproxy: '3.4.0' },
        takenAtMs: Date.UTC(2026, 0, 31, 23, 59, 59, 500),
        tables: [{ name: 'sessions', keys: 'string 64' }],
      },
      trailer: { entries: expected.length },
      bytes: Buffer.concat(expected),
    });
  });

  it('has no file that nobody reads', () => {
    expect(readdirSync(folder).toSorted()).toEqual(files.map(({ name }) => name).toSorted());
  });
});
