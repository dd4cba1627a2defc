import { expect, it } from 'vitest';
import { layoutOf } from '../../../../../src/aggregate/codec/layout.ts';
import { writeDefinition, writeEntry } from '../../../../../src/aggregate/codec/write.ts';
import { Writer } from '../../../../../src/aggregate/codec/writer.ts';
import { Ledger } from '../../../../../src/aggregate/store/ledger.ts';
import { createListener } from '../../../../../src/modules/aggregate/session/listener.ts';
import { createTables } from '../../../../../src/modules/aggregate/session/tables.ts';
import type { Leg } from '../../../../../src/modules/relay/legs/open-leg.ts';

const layout = layoutOf([
  { name: 'gpc0', kind: 'number', isArray: false, isLocal: false, count: 1, periodMs: 0 },
]);
const key = Buffer.from('k');

/** A count of a key, as HAProxy tells what was just counted. */
function told(count: number): Buffer {
  const writer = new Writer();
  writeDefinition(
    writer,
    1,
    { name: 'T', keyType: 'string', keyLength: 32, expireMs: 60_000 },
    layout.fields,
  );
  writeEntry(writer, {
    ...{ keyType: 'string', key, keyAt: 0, keyEnd: 1, id: 1, leftMs: null, layout },
    ...{ words: Uint32Array.of(count), from: 0, now: 0 },
  });
  return writer.take();
}

/** Hears `bytes`, which came together with the answer to the hello: a leg hands them on at once. */
function hear(ledger: Ledger, bytes: Buffer): void {
  const leg = {
    write: () => true,
    onData: (take: (chunk: Buffer) => void) => take(bytes),
    pause() {},
    resume() {},
  };
  createListener({
    // It uses nothing else of a leg.
    leg: leg as unknown as Leg,
    ...{ ledger, tables: createTables(ledger, { sum: '.sum', others: '.others', max: '.max' }) },
    ...{ now: () => 1000, changed() {}, askAgain() {}, turnedAway() {} },
    close: (why) => expect.fail(why),
  });
}

it('what has come before it asks is not that of the HAProxy of the session before', () => {
  const ledger = new Ledger({ maxKeys: 10, seed: () => 1 });
  ledger.beginLesson();
  hear(ledger, told(0));
  ledger.endLesson('before', 0);
  while (!ledger.step(100, 1000));
  const { store } = ledger.tables.get('T') ?? expect.fail();
  const row = store.put(key, 0, 1);
  const run = ledger.own?.run ?? expect.fail();
  const { definition } = ledger.tables.get('T') ?? expect.fail();
  expect(definition.name).toBe('T');
  store.set(row, { run, sequence: 0, expiry: 61_000, words: Uint32Array.of(8) }, 1000);

  hear(ledger, told(2));
  const part = store.partOf(row, run);
  expect([...store.parts.valuesOf(part)]).toEqual([8]);
  ledger.endLesson('after', 0);
  while (!ledger.step(100, 1000));
  expect([...store.parts.valuesOf(store.partOf(row, run))]).toEqual([8]);
  expect([...store.parts.valuesOf(store.partOf(row, ledger.own?.run ?? 0))]).toEqual([2]);
});
