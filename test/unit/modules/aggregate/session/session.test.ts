import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { createHearer } from '../../../../../src/aggregate/codec/hear.ts';
import { layoutOf } from '../../../../../src/aggregate/codec/layout.ts';
import { writeDefinition } from '../../../../../src/aggregate/codec/write.ts';
import { Writer } from '../../../../../src/aggregate/codec/writer.ts';
import { Ledger } from '../../../../../src/aggregate/store/ledger.ts';
import type { Stored } from '../../../../../src/lesson/definition.ts';
import { openSession, type Session } from '../../../../../src/modules/aggregate/session/session.ts';
import { frames } from '../../../../../src/modules/relay/wire/frames.ts';
import {
  controlTypes,
  resyncFinished,
  resyncPartial,
} from '../../../../../src/modules/relay/wire/messages.ts';
import { eventually } from '../../../../helpers/eventually.ts';
import { testFolder } from '../../../../helpers/test-folder.ts';

const now = () => 100_000;
const number = (name: string): Stored => ({
  ...{ name, kind: 'number', isArray: false, isLocal: false, count: 1, periodMs: 0 },
});

function definitions(): Buffer {
  const to = new Writer();
  const define = (id: number, name: string, field: string, expireMs: number) =>
    writeDefinition(
      to,
      id,
      { name, keyType: 'string', keyLength: 64, expireMs },
      layoutOf([number(field)]).fields,
    );
  define(1, 'T', 'gpc0', 60_000);
  define(2, 'T.sum', 'gpc0', 60_000);
  define(3, 'agg.epoch', 'gpt0', 0);
  return to.take();
}

/**
 * What answers as a HAProxy that is being reloaded: it has not learned all itself when it is asked, and has when it is told the first sums. A real
 * one does this with tables that take it some seconds to hand over, and when, nobody can say.
 */
async function playHaproxy(onSums: (socket: Socket, count: number) => void) {
  const path = join(testFolder(), 'agg.sock');
  const told = new Map<string, string[]>();
  let count = 0;
  const server = createServer((socket) => {
    const hear = createHearer();
    let bytes: Buffer = Buffer.alloc(0);
    let isGreeted = false;
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!isGreeted) {
        const text = bytes.toString('latin1');
        const end = text.split('\n', 3).join('\n').length + 1;
        if (text.split('\n').length < 4) return;
        isGreeted = true;
        bytes = bytes.subarray(end);
        socket.write('200\n');
      }
      let at = 0;
      for (const frame of frames(bytes)) {
        at = frame.end;
        const heard = hear(bytes, frame, now());
        if (heard.kind === 'control' && heard.type === controlTypes.resyncRequest)
          socket.write(Buffer.concat([definitions(), resyncPartial]));
        if (heard.kind !== 'entry') continue;
        const { keyAt, keyEnd } = heard.entry;
        const { name } = heard.table.definition;
        told.set(name, [...(told.get(name) ?? []), bytes.toString('latin1', keyAt, keyEnd)]);
        count += 1;
        if (name === 'T.sum') onSums(socket, count);
      }
      bytes = bytes.subarray(at);
    });
  });
  server.listen(path);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { at: { path }, told };
}

it('names the table of sums again after it has told HAProxy what it is called, in the middle of them', async () => {
  const keys = 6000;
  let isFinished = false;
  const { at, told } = await playHaproxy((socket) => {
    if (!isFinished) socket.write(resyncFinished);
    isFinished = true;
  });
  const ledger = new Ledger({ maxKeys: keys, seed: () => 1 });
  const over = new AbortController();
  let session: Session | undefined;
  /** Slowly, so that HAProxy says what it says between two chunks. */
  let isTelling = true;
  const opened = await openSession({
    ...{ at, local: 'a', slot: 'agg', timeoutMs: 5000, signal: over.signal, ledger, now },
    ...{ suffixes: { sum: '.sum', others: '.others', max: '.max' }, mayTell: () => true },
    changed: () => void setImmediate().then(() => isTelling && session?.tell()),
  });
  if (typeof opened === 'string') expect.fail(opened);
  session = opened;
  onTestFinished(async () => {
    isTelling = false;
    opened.close('the test is over');
    await opened.ended;
  });
  await eventually(() => ledger.tables.get('T') !== undefined);
  const table = ledger.tables.get('T') ?? expect.fail();
  const run = ledger.runs.add('b', 1) ?? expect.fail();
  const hear = (from: number, to: number) => {
    for (let each = from; each < to; each++) {
      const key = Buffer.from(`user-${each}`);
      const said = { key, keyAt: 0, keyEnd: key.length, words: Uint32Array.of(7), expiry: 0 };
      ledger.hear(table, run, 1, said, now());
    }
  };
  hear(0, keys / 2);
  session.tell();
  await eventually(() => ledger.isSettled);
  hear(keys / 2, keys);
  session.tell();
  await eventually(() => (told.get('T.sum')?.length ?? 0) >= keys);
  expect(told.get('agg.epoch')).toEqual([ledger.own?.origin]);
  expect(new Set(told.get('T.sum')).size).toBe(keys);
});
