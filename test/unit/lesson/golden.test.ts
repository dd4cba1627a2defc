import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expiryOf } from '../../../src/lesson/entry.ts';
import { createPassage } from '../../../src/lesson/passage.ts';

const folder = 'test/golden/lesson';

/** What `show table` prints as the key. */
function shown(type: string, key: Buffer): string {
  if (type === 'integer') return String(key.readUInt32BE());
  if (type === 'ip') return [...key].join('.');
  if (type === 'binary') return key.toString('hex').toUpperCase();
  if (type === 'string') return key.toString();
  return key.toString('hex').replaceAll(/(.{4})(?!$)/g, '$1:');
}

/** The same for an address of version 6 in its short form. */
function long(key: string): string {
  const [left = '', right = ''] = key.split('::');
  const parts = (text: string) => text.split(':').filter((part) => part !== '');
  const zeros = Array.from({ length: 8 - parts(left).length - parts(right).length }, () => '0');
  const all = key.includes('::') ? [...parts(left), ...zeros, ...parts(right)] : parts(key);
  return all.map((part) => part.padStart(4, '0')).join(':');
}

describe.each(readdirSync(folder))('a lesson of HAProxy, %s', (name) => {
  const { lesson, tables } = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as {
    readonly lesson: string;
    readonly tables: Readonly<Record<string, readonly string[]>>;
  };
  const bytes = Buffer.from(lesson, 'base64');

  it('holds the keys and servers that show table prints, with an expiry each', () => {
    const found = new Map<string, string[]>(Object.keys(tables).map((table) => [table, []]));
    createPassage().pass(bytes, (entry, within, server) => {
      const { table, keyAt, keyEnd } = entry;
      const key = shown(table.keyType, within.subarray(keyAt, keyEnd));
      found.get(table.name)?.push(`${key} ${server?.toString() ?? ''}`);
      const left = expiryOf(within, entry);
      expect(left).toBeLessThanOrEqual(table.expireMs);
      if (table.expireMs > 0) expect(left).toBeGreaterThan(table.expireMs - 60_000);
      return left;
    });
    for (const [table, lines] of Object.entries(tables)) {
      const wanted = lines.map((line) => {
        const key = line.split(' ')[0] ?? '';
        const server = /server_key=(\S+)/.exec(line)?.[1] ?? '';
        return `${table === 'addresses6' ? long(key) : key} ${server}`;
      });
      expect(found.get(table)?.toSorted(), table).toEqual(wanted.toSorted());
    }
  });

  it('passes unchanged where nothing is changed', () => {
    const passage = createPassage();
    expect(passage.pass(bytes, (entry, within) => expiryOf(within, entry))).toEqual(bytes);
    expect(passage.passed).toBe(passage.seen);
  });

  it('keeps the server of each entry, whichever are left out', () => {
    const total = Object.values(tables).reduce((sum, lines) => sum + lines.length, 0);
    for (let every = 2; every < 9; every++) {
      let index = 0;
      const wanted: string[] = [];
      const part = createPassage().pass(bytes, ({ keyAt, keyEnd }, within, server) => {
        index += 1;
        if (index % every > 0) return null;
        wanted.push(`${within.toString('latin1', keyAt, keyEnd)} ${server?.toString() ?? ''}`);
        return 1234;
      });
      const got: string[] = [];
      createPassage().pass(part, (entry, within, server) => {
        got.push(
          `${within.toString('latin1', entry.keyAt, entry.keyEnd)} ${server?.toString() ?? ''}`,
        );
        expect(expiryOf(within, entry)).toBe(1234);
        return null;
      });
      expect(got).toEqual(wanted);
      expect(got).toHaveLength(Math.floor(total / every));
    }
  });
});
