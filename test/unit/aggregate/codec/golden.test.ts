import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createHearer, type HeardTable } from '../../../../src/aggregate/codec/hear.ts';
import type { Field } from '../../../../src/aggregate/codec/layout.ts';
import { writeDefinition, writeEntry } from '../../../../src/aggregate/codec/write.ts';
import { Writer } from '../../../../src/aggregate/codec/writer.ts';
import type { Entry } from '../../../../src/lesson/entry.ts';
import { frames } from '../../../../src/modules/relay/wire/frames.ts';
import { keyText } from '../../../../src/snapshot/content/read-key.ts';

const folder = 'test/golden/lesson';
const now = 1_000_000_000;

/** As `show table` names an element: `gpc1_rate` for the second of `gpc_rate`. */
function nameOf({ name, isArray }: Field, index: number): string {
  return isArray ? name.replace(/^[a-z]+/, (head) => `${head}${index}`) : name;
}

/** What `show table` prints of these values, without what is not kept. */
function shown({ layout, words }: HeardTable): readonly string[] {
  return layout.fields.flatMap((field) =>
    Array.from({ length: field.kind === 'none' ? 0 : field.count }, (_, index) => {
      const name = nameOf(field, index);
      const word = (at: number) => words[at] ?? 0;
      if (field.kind === 'number') return `${name}=${word(field.at + index)}`;
      if (field.kind === 'wide') {
        const at = field.at + index * 2;
        return `${name}=${(BigInt(word(at + 1)) << 32n) + BigInt(word(at))}`;
      }
      const at = field.at + index * 3;
      const left = 1 - (now - word(at)) / field.periodMs;
      return `${name}(${field.periodMs})=${Math.round(word(at + 1) + word(at + 2) * Math.max(0, left))}`;
    }),
  );
}

/** Each entry of a lesson, with the table it is of. */
function eachEntry(bytes: Buffer, take: (entry: Entry, table: HeardTable, leftMs: number) => void) {
  const hear = createHearer();
  for (const frame of frames(bytes)) {
    const heard = hear(bytes, frame, now);
    if (heard.kind === 'entry') take(heard.entry, heard.table, heard.leftMs);
  }
}

describe.each(readdirSync(folder))('a lesson of HAProxy, %s', (name) => {
  const { lesson, tables } = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as {
    readonly lesson: string;
    readonly tables: Readonly<Record<string, readonly string[]>>;
  };
  const bytes = Buffer.from(lesson, 'base64');

  it('has the values that show table prints', () => {
    const found = new Map<string, string[]>(Object.keys(tables).map((table) => [table, []]));
    eachEntry(bytes, (entry, table) => {
      const values = shown(table).toSorted().join(' ');
      found.get(table.definition.name)?.push(`${keyText(bytes, entry)} ${values}`);
    });
    for (const [table, lines] of Object.entries(tables)) {
      const wanted = lines.map((line) => {
        const [key = '', ...values] = line.split(' ');
        const kept = values.filter((value) => !/^server_(id|key)=/.test(value));
        return `${key} ${kept.toSorted().join(' ')}`;
      });
      expect(found.get(table)?.toSorted(), table).toEqual(wanted.toSorted());
      expect(wanted.length).toBeGreaterThan(5);
    }
  });

  it('reads what it writes of them', () => {
    const writer = new Writer();
    let last: HeardTable | undefined;
    const wanted: string[] = [];
    eachEntry(bytes, (entry, table, leftMs) => {
      const { definition, layout, words } = table;
      if (table !== last) writeDefinition(writer, definition.id, definition, layout.fields);
      last = table;
      const { keyAt, keyEnd, id } = entry;
      const key = { keyType: definition.keyType, key: bytes, keyAt, keyEnd };
      writeEntry(writer, { ...key, id, leftMs, layout, words, from: 0, now });
      wanted.push(`${definition.text} ${id} ${keyText(bytes, entry)} ${leftMs} ${words}`);
    });
    const again = writer.take();
    const found: string[] = [];
    eachEntry(again, (entry, { definition, words }, leftMs) => {
      found.push(`${definition.text} ${entry.id} ${keyText(again, entry)} ${leftMs} ${words}`);
    });
    expect(found).toEqual(wanted);
  });
});
