import { breathe } from '../clock.ts';
import { type Frame, frames } from '../modules/relay/wire/frames.ts';
import { stickTable, stickTypes } from '../modules/relay/wire/messages.ts';
import { encodeVarint } from '../modules/relay/wire/varint.ts';
import { UnreadableLesson } from './definition.ts';
import { type Entry, isEntry } from './entry.ts';
import { followTables } from './follow.ts';
import { createPieces, type Pieces } from './pieces.ts';
import { createDictionary, hasServerKey, readServerKey, writeServerKey } from './server-key.ts';

/** What becomes of an entry: the milliseconds that are left to it, or null, and it is left out. `bytes`: where its parts are. */
export type Choose = (entry: Entry, bytes: Buffer, serverKey: Buffer | undefined) => number | null;

/** Messages of one session, from the first one on. Others than those of tables do not pass. */
export interface Passage {
  /** What `choose` lets through of whole messages, to be sent to another HAProxy. Throws `UnreadableLesson`. */
  pass(bytes: Buffer, choose: Choose): Buffer;
  /** The same, without a copy: what is returned is in the bytes as a rule, which are written to. */
  passOwn(bytes: Buffer, choose: Choose): Buffer;
  /** As `pass`, and what else is ready has its turn between. One at a time. */
  passInTurns(bytes: Buffer, choose: Choose): Promise<Buffer>;
  /** Of one message; true if anything. `bytes`, which `into` is made of, may be written to. */
  passOne(bytes: Buffer, frame: Frame, choose: Choose, into: Pieces): boolean;
  /** Entries that came, and those that passed. */
  readonly seen: number;
  readonly passed: number;
}

/** Messages of a lesson that are worked off without a look at the time: well below a millisecond. */
export const breathAfter = 256;

export function createPassage(): Passage {
  const dictionary = createDictionary();
  const tables = followTables(hasServerKey);
  /** Of the last entry that passed: what is left out between two would shift the numbers of those behind it. */
  let passedId = 0;
  let seen = 0;
  let passed = 0;

  function passEntry(bytes: Buffer, frame: Frame, choose: Choose, into: Pieces): boolean {
    seen += 1;
    const { entry, of: hasKey } = tables.entry(bytes, frame);
    const key = hasKey ? readServerKey(bytes, entry) : null;
    const means = key === null ? undefined : dictionary.hear(key);
    const left = choose(entry, bytes, means);
    if (left === null) return false;
    passed += 1;
    const text = key === null ? undefined : dictionary.pass(key);
    const follows = entry.id === (passedId + 1) % 2 ** 32;
    passedId = entry.id;
    if (entry.expiryAt !== -1) bytes.writeUInt32BE(left, entry.expiryAt);
    const needsId = !entry.hasId && !follows;
    if (entry.expiryAt !== -1 && text === undefined && !needsId) {
      into.keep(frame.start, frame.end);
      return true;
    }
    const timed = entry.expiryAt === -1 ? numberBytes(left) : Buffer.alloc(0);
    const idEnd = frame.body + (entry.hasId ? 4 : 0);
    const hasId = entry.hasId || needsId;
    const rewritten = [
      needsId ? numberBytes(entry.id) : bytes.subarray(frame.body, idEnd),
      timed,
      ...(key === null || text === undefined
        ? [bytes.subarray(idEnd, frame.end)]
        : [
            bytes.subarray(idEnd, key.at),
            writeServerKey(key.place, text),
            bytes.subarray(key.end, frame.end),
          ]),
    ];
    const type = hasId ? stickTypes.timedUpdate : stickTypes.timedIncrementalUpdate;
    into.put(message(type, rewritten));
    return true;
  }

  function passOne(bytes: Buffer, frame: Frame, choose: Choose, into: Pieces): boolean {
    if (frame.class !== stickTable) return false;
    if (isEntry(frame.type)) return passEntry(bytes, frame, choose, into);
    if (frame.type !== stickTypes.define && frame.type !== stickTypes.switch) return false;
    tables.turn(bytes, frame);
    into.keep(frame.start, frame.end);
    return true;
  }

  /** Yields after each message. */
  function* passing(own: Buffer, choose: Choose, into: Pieces): Generator<void> {
    let used = 0;
    for (const frame of frames(own)) {
      used = frame.end;
      passOne(own, frame, choose, into);
      yield;
    }
    if (used < own.length) throw new UnreadableLesson('a lesson that ends within a message');
  }
  function passOwn(own: Buffer, choose: Choose): Buffer {
    const pieces = createPieces(own);
    for (const _ of passing(own, choose, pieces));
    return pieces.joined();
  }

  return {
    passOne,
    passOwn,
    pass: (bytes, choose) => passOwn(Buffer.from(bytes), choose),
    async passInTurns(bytes, choose) {
      const own = Buffer.from(bytes);
      const pieces = createPieces(own);
      let messages = 0;
      for (const _ of passing(own, choose, pieces)) {
        messages += 1;
        if (messages % breathAfter === 0) await breathe();
      }
      return pieces.joined();
    },
    get seen() {
      return seen;
    },
    get passed() {
      return passed;
    },
  };
}

function numberBytes(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

function message(type: number, parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.from([stickTable, type, ...encodeVarint(length)]), ...parts]);
}
