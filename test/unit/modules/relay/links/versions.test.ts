import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readStep } from '../../../../../src/modules/relay/difference/messages.ts';
import {
  createFrameReader,
  dataHeader,
  pingFrame,
  sumsHeader,
  textFrame,
} from '../../../../../src/modules/relay/links/frames.ts';
import {
  isOfLaterKind,
  otherVersion,
  parseControl,
} from '../../../../../src/modules/relay/links/greeting.ts';
import { readMessage } from '../../../../../src/modules/relay/pairing/messages.ts';

/** What sidecars of version 1 of the greeting say to each other. A later form is added and none is changed. */
const recorded = z
  .array(
    z.object({
      what: z.string(),
      kind: z.enum(['control', 'message']),
      value: z.record(z.string(), z.json()),
      /** Where it is not the same: what this version makes of it. */
      read: z.json().optional(),
    }),
  )
  .parse(JSON.parse(readFileSync('test/golden/link/v1.json', 'utf8')));

const cases = recorded.map((each) => [each.what, each] as const);
const controls = recorded.filter(({ kind }) => kind === 'control');

function understood(kind: 'control' | 'message', value: unknown): unknown {
  return kind === 'control' ? parseControl(value) : (readStep(value) ?? readMessage(value));
}

/** As it should be understood. */
function meaning({ value, read }: (typeof recorded)[number]): unknown {
  if (read !== undefined) return read;
  if (value.type !== 'difference') return value;
  const { type: _, ...step } = value;
  return step;
}

function readAll(bytes: Buffer): readonly unknown[] {
  const texts: unknown[] = [];
  const reader = createFrameReader({
    text: (kind, value) => texts.push({ kind, value }),
    data: () => {},
    sums: () => {},
    garbage: (why) => texts.push({ garbage: why }),
  });
  reader.trust();
  reader.push(bytes);
  return texts;
}

/** The same with more fields, in it and in every object of it. */
function withMore(value: unknown, more: Readonly<Record<string, unknown>>): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([name, part]) => [name, withMore(part, more)]);
  return { ...more, ...Object.fromEntries(entries) };
}

/** Fields of a later version: names that this one has nowhere. */
const later = fc.dictionary(
  fc.stringMatching(/^later[A-Z][a-z]{0,5}$/),
  fc.jsonValue({ maxDepth: 2 }),
  { maxKeys: 3 },
);

describe('what another version of the sidecar says', () => {
  it.each(cases)('is understood: %s', (_, each) => {
    expect(understood(each.kind, each.value)).toEqual(meaning(each));
  });

  it.each(cases)('has the bytes that were sent from the first: %s', (_, each) => {
    const text = JSON.stringify(each.value);
    const header = Buffer.from([each.kind === 'control' ? 1 : 2, 0, text.length >> 8, text.length]);
    const bytes = textFrame(each.kind, each.value);
    expect(bytes).toEqual(Buffer.concat([header, Buffer.from(text)]));
    expect(readAll(bytes)).toEqual([{ kind: each.kind, value: each.value }]);
  });

  it('has the bytes that were sent from the first: data, pings and sums', () => {
    expect(dataHeader(0x0a0b0c)).toEqual(Buffer.from([3, 0x0a, 0x0b, 0x0c]));
    expect(pingFrame).toEqual(Buffer.from([4, 0, 0, 0]));
    expect(sumsHeader(0x0a0b0c)).toEqual(Buffer.from([5, 0x0a, 0x0b, 0x0c]));
  });

  it.each(cases)('means the same with fields of a later version: %s', (_, each) => {
    fc.assert(
      fc.property(later, (more) => {
        expect(understood(each.kind, withMore(each.value, more))).toEqual(meaning(each));
      }),
    );
  });

  it('is left alone where it is a message of a later kind', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^later[a-z]*$/), later, (name, more) => {
        expect(readMessage({ type: name, ...more })).toBeNull();
        expect(readStep({ type: 'difference', step: name, ...more })).toBeNull();
        expect(readMessage({ type: 'difference', step: name, ...more })).toBeNull();
      }),
    );
  });

  it('is skipped where it is a frame of a later kind, between any others', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 6, max: 255 }),
        fc.uint8Array({ maxLength: 5000 }),
        fc.nat({ max: recorded.length - 1 }),
        (type, body, index) => {
          const each = recorded[index] ?? recorded[0];
          if (each === undefined) throw new Error('nothing is recorded');
          const frame = Buffer.alloc(4);
          frame.writeUInt32BE(type * 2 ** 24 + body.length);
          const known = textFrame(each.kind, each.value);
          const expected = { kind: each.kind, value: each.value };
          expect(readAll(Buffer.concat([known, frame, body, known]))).toEqual([expected, expected]);
        },
      ),
    );
  });

  it('is told by its number where it is a greeting of another version, whatever else is in it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), later, (version, more) => {
        const greeting = { greeting: { version, ...more } };
        expect(parseControl(greeting)).toBeUndefined();
        expect(otherVersion(greeting)).toBe(version === 1 ? undefined : version);
      }),
    );
    for (const { value } of controls) expect(otherVersion(value)).toBeUndefined();
  });

  it('is of a later kind only where it is not a wrong one of ours', () => {
    expect(controls.map(({ value }) => isOfLaterKind(value))).toEqual(controls.map(() => false));
    expect([{ take: 'x' }, { bye: 1 }, null, 'text', 7].map(isOfLaterKind)).toEqual(
      Array(5).fill(false),
    );
    expect([{ laterKind: 1 }, {}].map(isOfLaterKind)).toEqual([true, true]);
  });
});
