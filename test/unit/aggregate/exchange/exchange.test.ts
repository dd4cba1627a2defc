import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../../src/aggregate/codec/layout.ts';
import { tickAfter } from '../../../../src/aggregate/codec/ticks.ts';
import { createExchange } from '../../../../src/aggregate/exchange/exchange.ts';
import {
  haveMessage,
  helloMessage,
  messageLimit,
} from '../../../../src/aggregate/exchange/messages.ts';
import { createSkew } from '../../../../src/aggregate/exchange/skew.ts';
import { createPartsWriter } from '../../../../src/aggregate/exchange/write-parts.ts';
import { Ledger } from '../../../../src/aggregate/store/ledger.ts';
import type { Stored } from '../../../../src/lesson/definition.ts';
import { definition } from '../../../helpers/aggregate-world.ts';
import { memoryStreams } from '../../../helpers/memory-streams.ts';

const now = 50_000;

/** A sidecar that holds these keys of its own HAProxy. */
function holder(stored: readonly Stored[], keys: Readonly<Record<string, readonly number[]>>) {
  const ledger = new Ledger({ maxKeys: 1000, seed: () => 1 });
  const table = ledger.table(
    { ...definition, stored, text: JSON.stringify(stored) },
    layoutOf(stored),
    now,
  );
  ledger.beginLesson();
  for (const [key, values] of Object.entries(keys)) {
    const words = new Uint32Array(table.layout.words);
    words.set(values);
    ledger.take(
      table,
      { key: Buffer.from(key), keyAt: 0, keyEnd: key.length, words, expiry: now + 5000 },
      now,
    );
  }
  ledger.endLesson('other', 0);
  while (!ledger.step(100, now));
  return { ledger, table, exchange: createExchange({ ledger, now: () => now, changed: () => {} }) };
}

const number = (name: string, more: Partial<Stored> = {}): Stored => ({
  name,
  kind: 'number',
  isArray: false,
  isLocal: false,
  count: 1,
  periodMs: 0,
  ...more,
});
const rate = (periodMs: number): Stored => number('http_req_rate', { kind: 'rate', periodMs });

/** What the second sidecar then holds of a key, as words. */
function told(from: ReturnType<typeof holder>, to: ReturnType<typeof holder>, key: string) {
  const streams = memoryStreams();
  const fail = (why: string) => expect.fail(why);
  from.exchange.join(streams.left, fail);
  to.exchange.join(streams.right, fail);
  to.exchange.ask();
  do while (from.exchange.step() || to.exchange.step());
  while (streams.deliver());
  const { store } = to.table;
  const row = store.keys.find(Buffer.from(key), 0, key.length);
  return row === -1 ? null : [...store.parts.valuesOf(store.firstOf(row))];
}

it('tells sidecars whose table is defined otherwise what both have', () => {
  const from = holder(
    [
      number('gpc0'),
      rate(1000),
      number('http_req_cnt'),
      number('gpc', { isArray: true, count: 3 }),
    ].toSorted((a, b) => a.name.localeCompare(b.name)),
    {},
  );
  expect(told(from, holder([number('gpc0')], {}), 'k')).toBeNull();
  const full = holder([number('gpc0'), number('http_req_cnt'), rate(1000)], {
    k: [5, 6, now - 10, 7, 8],
  });
  const other = holder([number('gpt0'), number('gpc0'), rate(3000)], {});
  other.ledger.own = null;
  expect(told(full, other, 'k')).toEqual([0, 5, 0, 0, 0]);
  const same = holder([number('gpc0'), number('http_req_cnt'), rate(1000)], {});
  same.ledger.own = null;
  expect(told(full, same, 'k')).toEqual([5, 6, now - 10, 7, 8]);
});

describe('a link', () => {
  const valid = () => {
    const { table, ledger } = holder([number('gpc0'), rate(1000)], {
      abc: [1, now - 5, 2, 3],
      d: [4],
    });
    const writer = createPartsWriter(table);
    for (const row of [0, 1]) writer.add(row, table.store.firstOf(row), now);
    const parts = writer.take(now) ?? expect.fail();
    return Buffer.concat([
      helloMessage(),
      haveMessage({
        isAsking: true,
        own: 'other',
        marks: [{ origin: ledger.own?.origin ?? '', generation: 1, sequence: 3, newest: 3 }],
      }),
      parts,
    ]);
  };
  const hears = (bytes: Buffer, sizes: number) => {
    const { exchange, ledger } = holder([number('gpc0'), rate(1000)], {});
    const streams = memoryStreams();
    const broken: string[] = [];
    exchange.join(streams.right, (why) => broken.push(why));
    streams.left.write(bytes);
    while (streams.deliver(sizes));
    return { broken, ledger };
  };

  it('reads messages wherever they are cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), (sizes) => {
        expect(hears(valid(), sizes).broken).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('reads or refuses whatever comes, and says so once', () => {
    const good = valid();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const bytes = Buffer.from(good);
          for (const [at, to] of changes) bytes[at] = to;
          expect(hears(bytes, 1000).broken.length).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        (bytes) => hears(Buffer.from(bytes), 1000).broken.length <= 1,
      ),
    );
  });

  it.each([
    [
      'a message that is too long',
      Buffer.concat([Buffer.from([0, 64, 0, 1, 4]), Buffer.alloc(10)]),
      /bytes/,
    ],
    ['an unknown type', Buffer.from([0, 0, 0, 0, 9]), /type 9/],
    ['another version', Buffer.from([0, 0, 0, 1, 1, 2]), /version 2/],
    ['a list without an end', Buffer.from([0, 0, 0, 2, 3, 200]), /./],
  ])('refuses %s', (_what, bytes, why) => {
    expect(messageLimit).toBeLessThan(0x40_00_01);
    expect(hears(Buffer.concat([bytes, Buffer.alloc(3)]), 1000).broken[0]).toMatch(why);
  });
});

describe('clocks', () => {
  it('are compared by the fastest message of the last two minutes, wherever they stand', () => {
    const origin = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(
        origin,
        origin,
        fc.array(fc.tuple(fc.nat(500), fc.nat(300)), { minLength: 5, maxLength: 60 }),
        (here, there, messages) => {
          const skew = createSkew();
          let passed = 0;
          let fastest = Number.POSITIVE_INFINITY;
          for (const [pause, delay] of messages) {
            passed += pause;
            fastest = Math.min(fastest, delay);
            const stamp = tickAfter(there, passed);
            const sent = skew.sentAt(stamp, tickAfter(here, passed + delay));
            // It is taken for as late as the fastest one was.
            expect(sent).toBe(tickAfter(here, passed + fastest));
          }
        },
      ),
    );
  });

  it('that go apart are followed', () => {
    const skew = createSkew();
    let sent = 0;
    // 100 ms a minute, for an hour: the other clock is slow.
    for (let ms = 0; ms < 3_600_000; ms += 1000)
      sent = skew.sentAt(1_000_000 + ms - Math.floor(ms / 600), ms + 5) - ms;
    expect(sent).toBeGreaterThan(-300);
    expect(sent).toBeLessThan(300);
  });
});
