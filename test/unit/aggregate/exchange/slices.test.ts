import { expect, it } from 'vitest';
import { layoutOf } from '../../../../src/aggregate/codec/layout.ts';
import {
  createExchange,
  flushKeys,
  patienceMs,
} from '../../../../src/aggregate/exchange/exchange.ts';
import { createInbox } from '../../../../src/aggregate/exchange/inbox.ts';
import { haveMessage, type Message } from '../../../../src/aggregate/exchange/messages.ts';
import { Ledger } from '../../../../src/aggregate/store/ledger.ts';
import { definition } from '../../../helpers/aggregate-world.ts';
import { memoryStreams } from '../../../helpers/memory-streams.ts';

const now = 50_000;
const count = 20_000;
const layout = layoutOf(definition.stored);

function learn(ledger: Ledger, value: number): void {
  const table = ledger.table(definition, layout, now);
  const words = Uint32Array.of(0, value);
  for (let at = 0; at < count; at++) {
    const key = Buffer.from(`key-${at}`);
    const said = { key, keyAt: 0, keyEnd: key.length, words, expiry: 0 };
    ledger.take(table, said, now);
  }
}

/** A sidecar whose HAProxy has told it many keys, none of which was flushed. */
function holder() {
  const ledger = new Ledger({ maxKeys: count, seed: () => 1 });
  const exchange = createExchange({ ledger, now: () => now, changed: () => {} });
  ledger.beginLesson();
  learn(ledger, 1);
  while (!ledger.mayEndLesson());
  ledger.endLesson('origin', 0);
  while (!ledger.step(2000, now));
  return { ledger, exchange, store: ledger.table(definition, layout, now).store };
}

it('flushes what was said under the last number of a session some keys at a time, before the next one', () => {
  const { ledger, store } = holder();
  expect(store.own.count).toBe(count);
  ledger.beginLesson();
  learn(ledger, 2);
  const flushed: number[] = [];
  for (let before = store.own.count; ; before = store.own.count) {
    const isDone = ledger.mayEndLesson();
    flushed.push(before - store.own.count);
    if (isDone) break;
  }
  expect(Math.max(...flushed)).toBe(flushKeys);
  expect(flushed.reduce((sum, each) => sum + each)).toBe(count);
  expect(ledger.own?.generation).toBe(1);
  expect(ledger.endLesson('origin', 1)).toBe(2);
});

it('sends no message that is long to read, and puts none together more than once', () => {
  const { exchange } = holder();
  const receiver = new Ledger({ maxKeys: count, seed: () => 1 });
  receiver.table(definition, layout, now);
  const other = createExchange({ ledger: receiver, now: () => now, changed: () => {} });
  while (exchange.step());
  const streams = memoryStreams(Number.POSITIVE_INFINITY);
  const sent: Buffer[] = [];
  const fail = (why: string) => expect.fail(why);
  exchange.join({ ...streams.left, write: (chunk) => sent.push(chunk) > 0 }, fail);
  other.join(streams.right, fail);
  other.ask();
  while (streams.deliver());
  while (exchange.step());

  const parts: number[] = [];
  let copies = 0;
  const inbox = createInbox((message: Message) => {
    if (message.kind !== 'parts') return;
    parts.push(message.end - message.at);
    copies += message.bytes.length;
  });
  const all = Buffer.concat(sent);
  for (let at = 0; at < all.length; at += 1000) inbox.take(all.subarray(at, at + 1000));
  expect(parts.length).toBeGreaterThan(5);
  expect(Math.max(...parts)).toBeLessThan(80 * 1024);
  expect(copies).toBeLessThan(1.2 * all.length);
});

/** A sidecar that knows nothing, linked with two that both hold all. */
function newcomer() {
  const holders = [holder(), holder()];
  for (const { exchange } of holders) while (exchange.step());
  const ledger = new Ledger({ maxKeys: count, seed: () => 1 });
  const { store } = ledger.table(definition, layout, now);
  let tick = now;
  const exchange = createExchange({ ledger, now: () => tick, changed: () => {} });
  const fail = (why: string) => expect.fail(why);
  let bytes = 0;
  const links = holders.map((each) => {
    const { left, right, deliver } = memoryStreams();
    const write = (chunk: Buffer) => {
      bytes += chunk.length;
      return left.write(chunk);
    };
    each.exchange.join({ ...left, write }, fail);
    const leave = exchange.join(right, fail);
    let isCut = false;
    return {
      leave,
      cut() {
        isCut = true;
      },
      work() {
        if (isCut) return false;
        while (each.exchange.step());
        return deliver();
      },
    };
  });
  return {
    ...{ exchange, store, links },
    bytes: () => bytes,
    later(ms: number) {
      tick += ms;
    },
    work() {
      do exchange.step();
      while (links.map((link) => link.work()).some(Boolean));
    },
  };
}

it('is told once what all others hold', () => {
  const one = newcomer();
  one.exchange.ask();
  expect(one.exchange.isComplete).toBe(false);
  one.work();
  expect(one.exchange.isComplete).toBe(true);
  expect(one.store.keys.rows.used).toBe(count);
  // Of the second one only that nothing is newer.
  expect(one.bytes()).toBeLessThan(30 * count);
});

it.each([
  ['says nothing', (link: { cut(): void }) => link.cut()],
  ['is gone', (link: { leave(): void }) => link.leave()],
])('asks the next one where who was asked %s', (_what, end) => {
  const one = newcomer();
  one.exchange.ask();
  const [first] = one.links;
  if (first === undefined) expect.fail();
  first.cut();
  end(first);
  one.work();
  one.later(patienceMs);
  one.work();
  expect(one.store.keys.rows.used).toBe(count);
});

it('says nothing of what it holds before it was asked, as it would not say what comes then', () => {
  const { exchange, ledger } = holder();
  while (exchange.step());
  // Of the own HAProxy nobody is reminded.
  const run = ledger.runs.add('far', 1) ?? expect.fail();
  const key = Buffer.from('far');
  const said = { key, keyAt: 0, keyEnd: 3, words: Uint32Array.of(0, 1), expiry: 0 };
  ledger.hear(ledger.table(definition, layout, now), run, 1, said, now);
  ledger.runs.get(run).complete = 1;
  const streams = memoryStreams();
  const kinds: string[] = [];
  const inbox = createInbox(({ kind }) => kinds.push(kind));
  exchange.join(streams.left, (why) => expect.fail(why));
  streams.right.onData((chunk) => inbox.take(chunk));
  const have = (isAsking: boolean) =>
    streams.right.write(haveMessage({ isAsking, own: 'other', marks: [] }));
  // Whoever says twice that it lacks something is told it.
  for (let time = 0; time < 3; time++) {
    have(false);
    do while (exchange.step());
    while (streams.deliver());
  }
  expect(kinds).not.toContain('parts');
  expect(kinds).not.toContain('complete');
  have(true);
  do while (exchange.step());
  while (streams.deliver());
  expect(kinds.slice(-2)).toEqual(['parts', 'complete']);
});
