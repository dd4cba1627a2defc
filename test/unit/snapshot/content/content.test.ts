import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { surveySnapshot } from '../../../../src/snapshot/content/survey.ts';
import type { Chunk } from '../../../../src/snapshot/file/open-snapshot.ts';

const folder = 'test/golden/lesson';
const takenAtMs = 1_000_000_000_000;

const fileOf = (bytes: Buffer) => ({
  async *chunks(): AsyncGenerator<Chunk> {
    yield { messages: bytes, takenAtMs };
  },
});

/** `gpc0=3 server_key=web-1` of what was read; rates are left out, for HAProxy prints what they come to at that moment. */
function shownValues(values: Readonly<Record<string, unknown>>): readonly string[] {
  const plain = Object.entries(values).filter(([, value]) => typeof value !== 'object');
  return plain.map(([name, value]) => `${name}=${value}`);
}

describe.each(readdirSync(folder))('a lesson of HAProxy, %s', (name) => {
  const { lesson, tables } = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as {
    readonly lesson: string;
    readonly tables: Readonly<Record<string, readonly string[]>>;
  };
  const file = fileOf(Buffer.from(lesson, 'base64'));

  it('is shown with the keys and values that show table prints', async () => {
    const { entries } = await surveySnapshot(file, { nowMs: takenAtMs, limit: 1_000_000 });
    for (const [table, lines] of Object.entries(tables)) {
      const wanted = lines.map((line) => {
        const [key = '', ...rest] = line.split(' ');
        // Rates have their period behind the name.
        return `${key} ${rest.filter((each) => /^\w+=/.test(each)).toSorted()}`;
      });
      const found = entries
        .filter((each) => each.table === table)
        .map(({ key, values }) => `${key} ${shownValues(values).toSorted()}`);
      expect(wanted.length, table).toBeGreaterThan(0);
      expect(found.toSorted(), table).toEqual(wanted.toSorted());
    }
  });

  it('is counted by table, with how old its entries are', async () => {
    const later = { nowMs: takenAtMs + 60_000, limit: 0 };
    const { tables: found, entries } = await surveySnapshot(file, later);
    expect(entries).toEqual([]);
    for (const [table, lines] of Object.entries(tables)) {
      const one = found.find((each) => each.name === table);
      expect(one?.entries, table).toBe(lines.length);
      expect(one?.expired, table).toBe(0);
      if (one?.expireMs === 0) expect(one).toMatchObject({ youngestMs: null, oldestMs: null });
      else {
        expect(one?.youngestMs, table).toBeGreaterThanOrEqual(60_000);
        expect(one?.oldestMs, table).toBeLessThan(120_000);
      }
    }
    const none = await surveySnapshot(file, { nowMs: takenAtMs + 86_400_000 * 30, limit: 0 });
    for (const { entries: all, expired, expireMs } of none.tables)
      expect(expired).toBe(expireMs === 0 ? 0 : all);
  });

  it('is shown up to a limit, and of one table alone', async () => {
    const options = { nowMs: takenAtMs, limit: 3, table: 'addresses6' };
    const { entries, tables: found } = await surveySnapshot(file, options);
    expect(entries.map(({ table }) => table)).toEqual(['addresses6', 'addresses6', 'addresses6']);
    expect(found.length).toBe(Object.keys(tables).length);
    expect(found.find((each) => each.name === 'addresses6')?.stored).toContain(
      'gpc0_rate(600000ms)',
    );
    expect(entries[0]?.values.http_req_rate).toMatchObject({ periodMs: 600_000 });
  });
});
