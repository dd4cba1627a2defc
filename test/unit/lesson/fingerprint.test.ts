import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dataHash, hash } from '../../../src/lesson/fingerprint.ts';
import { createPassage } from '../../../src/lesson/passage.ts';

function golden(version: string) {
  const { lesson, tables } = JSON.parse(
    readFileSync(`test/golden/lesson/${version}.json`, 'utf8'),
  ) as { readonly lesson: string; readonly tables: Readonly<Record<string, readonly string[]>> };
  return { bytes: Buffer.from(lesson, 'base64'), tables };
}

/** Hashes of what is stored, by table and key. */
function hashesOf(bytes: Buffer): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  createPassage().pass(bytes, (entry, within, server) => {
    const key = within.toString('latin1', entry.keyAt, entry.keyEnd);
    found.set(`${entry.table.name} ${key}`, dataHash(within, entry, server));
    return 1;
  });
  return found;
}

it('is the same for the same values, recorded from different versions', () => {
  const [old, later] = ['2.6', '3.4'].map((version) => hashesOf(golden(version).bytes));
  const both = [...(old ?? [])].filter(([key]) => later?.has(key) && !key.startsWith('web1'));
  expect(both.length).toBeGreaterThan(60);
  expect(both.filter(([key, value]) => later?.get(key) !== value)).toEqual([]);
});

it.each(['2.6', '3.0', '3.4'])('is another one for other values, %s', (version) => {
  const { bytes, tables } = golden(version);
  const hashes = hashesOf(bytes);
  // Each of the twelve has a count of its own.
  const values = [...hashes].filter(([key]) => key.startsWith('sessions ')).map(([, one]) => one);
  expect(values).toHaveLength(tables.sessions?.length ?? 0);
  expect(new Set(values).size).toBe(12);
  // The server is told by its name, wherever it is in the dictionary.
  const servers = (tables.web1 ?? []).map((line) => {
    const [key = ''] = line.split(' ');
    return [/server_key=(\S+)/.exec(line)?.[1], hashes.get(`web1 ${key}`)] as const;
  });
  const byServer = new Map(servers);
  expect(servers.filter(([server, one]) => byServer.get(server) !== one)).toEqual([]);
  expect(new Set(byServer.values()).size).toBe(byServer.size);
});

it('spreads keys over 32 bits, wherever they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(5), fc.nat(2 ** 31), (key, at, seed) => {
      const moved = Buffer.concat([Buffer.alloc(at, 7), key, Buffer.from([9])]);
      expect(hash(moved, at, at + key.length, seed)).toBe(hash(key, 0, key.length, seed));
    }),
  );
  const seen = new Set<number>();
  for (let at = 0; at < 20_000; at++) {
    const key = Buffer.from(`key${at}`);
    seen.add(hash(key, 0, key.length, 1));
  }
  // Two of 20,000 share 32 bits once in twenty times.
  expect(seen.size).toBeGreaterThan(19_990);
});
