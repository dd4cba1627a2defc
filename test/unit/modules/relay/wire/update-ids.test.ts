import fc from 'fast-check';
import { expect, it } from 'vitest';
import { frames } from '../../../../../src/modules/relay/wire/frames.ts';
import { stickTable, stickTypes } from '../../../../../src/modules/relay/wire/messages.ts';
import { createUpdateIds } from '../../../../../src/modules/relay/wire/update-ids.ts';
import { encodeVarint } from '../../../../../src/modules/relay/wire/varint.ts';

function message(type: number, body: readonly number[]): Buffer {
  return Buffer.from([stickTable, type, ...encodeVarint(body.length), ...body]);
}
const define = (id: number, name: string) =>
  message(stickTypes.define, [...encodeVarint(id), name.length, ...Buffer.from(name), 6, 8, 4]);
const number = (id: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(id);
  return [...bytes];
};

/** As HAProxy writes them: the number with the first behind each switch, and where it does not follow. */
function stream(updates: readonly { table: number; id: number; timed: boolean }[]): Buffer {
  const parts: Buffer[] = [];
  const defined = new Set<number>();
  let current = 0;
  let last = 0;
  for (const { table, id, timed } of updates) {
    const isSwitch = table !== current;
    if (!defined.has(table)) parts.push(define(table, `t${table}`));
    else if (isSwitch) parts.push(message(stickTypes.switch, encodeVarint(table)));
    defined.add(table);
    current = table;
    const follows = !isSwitch && id === (last + 1) % 2 ** 32;
    last = id;
    const rest = [...(timed ? number(1000) : []), 1, 97];
    const { update, timedUpdate, incrementalUpdate, timedIncrementalUpdate } = stickTypes;
    if (follows) parts.push(message(timed ? timedIncrementalUpdate : incrementalUpdate, rest));
    else parts.push(message(timed ? timedUpdate : update, [...number(id), ...rest]));
  }
  return Buffer.concat(parts);
}

function found(bytes: Buffer) {
  const ids = createUpdateIds();
  for (const frame of frames(bytes)) ids.take(bytes, frame);
  return Object.fromEntries(ids.found());
}

it('finds the last update of each table', () => {
  const update = fc.record({
    table: fc.constantFrom(1, 2, 240, 5000),
    id: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(2 ** 32 - 2, 2 ** 32 - 1)),
    timed: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(update, { maxLength: 30 }), (updates) => {
      const last = new Map(updates.map(({ table, id }) => [`t${table}`, { id: table, last: id }]));
      expect(found(stream(updates))).toEqual(Object.fromEntries(last));
    }),
  );
});

it('passes over what it cannot read', () => {
  const cut = message(stickTypes.update, [0, 0]);
  const unnamed = message(stickTypes.switch, [9]);
  const after = message(stickTypes.update, [...number(7), 1, 97]);
  expect(found(Buffer.concat([define(1, 'a'), cut, unnamed, after]))).toEqual({});
  expect(found(Buffer.concat([define(1, 'a'), after, message(stickTypes.define, [])]))).toEqual({
    a: { id: 1, last: 7 },
  });
});
