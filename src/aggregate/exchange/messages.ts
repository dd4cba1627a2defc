import { UnreadableLesson } from '../../lesson/definition.ts';
import { Cursor } from '../codec/cursor.ts';
import { Writer } from '../codec/writer.ts';

/** Each message is its length in four bytes, its type in one, and its body. */
export const types = { hello: 1, have: 2, complete: 3, parts: 4 } as const;
export const version = 1;
const headBytes = 5;

/** Two thousand parts with 100 values each are less than 2 MB. */
export const messageLimit = 4 * 1024 * 1024;
/** Runs in one message: as many as can be known. */
const listLimit = 65_536;
const originLimit = 64;

/** Of an origin's run, nothing is missing up to this flush. */
export interface Mark {
  readonly origin: string;
  readonly generation: number;
  readonly sequence: number;
  /** The newest flush of which something is there. */
  readonly newest: number;
}

export type Message =
  /** What comes first. */
  | { readonly kind: 'hello'; readonly version: number }
  /** What the sender holds, and what its HAProxy is called: empty, it does not know yet. `isAsking`: the other side is to say what is newer. */
  | {
      readonly kind: 'have';
      readonly isAsking: boolean;
      readonly own: string;
      readonly marks: readonly Mark[];
    }
  /** The receiver holds all of these now. */
  | { readonly kind: 'complete'; readonly marks: readonly Mark[] }
  /** Parts, from `at` to `end`. */
  | { readonly kind: 'parts'; readonly bytes: Buffer; readonly at: number; readonly end: number };

/** A message of this type with all that these have written, which then begin anew. */
export function messageOf(type: number, ...parts: readonly Writer[]): Buffer {
  const length = parts.reduce((sum, { at }) => sum + at, 0);
  const bytes = Buffer.allocUnsafeSlow(headBytes + length);
  bytes.writeUInt32BE(length, 0);
  bytes[headBytes - 1] = type;
  let at = headBytes;
  for (const part of parts) at += part.moveTo(bytes, at);
  return bytes;
}

export function helloMessage(): Buffer {
  const to = new Writer(16);
  to.number(version);
  return messageOf(types.hello, to);
}

function writeMarks(to: Writer, marks: readonly Mark[]): void {
  to.number(marks.length);
  for (const { origin, generation, sequence, newest } of marks) {
    to.text(origin);
    to.number(generation);
    to.number(sequence);
    to.number(newest);
  }
}

export function haveMessage({
  marks,
  isAsking,
  own,
}: Omit<Extract<Message, { kind: 'have' }>, 'kind'>): Buffer {
  const to = new Writer(256);
  to.byte(isAsking ? 1 : 0);
  to.text(own);
  writeMarks(to, marks);
  return messageOf(types.have, to);
}

export function completeMessage(marks: readonly Mark[]): Buffer {
  const to = new Writer(256);
  writeMarks(to, marks);
  return messageOf(types.complete, to);
}

export function readText(from: Cursor, bytes: Buffer): string {
  const length = from.number();
  if (length > originLimit) throw from.broken('a name that is too long');
  from.skip(length);
  return bytes.toString('latin1', from.at - length, from.at);
}

function readMarks(from: Cursor, bytes: Buffer): readonly Mark[] {
  const count = from.number();
  if (count > listLimit) throw from.broken('a list that is too long');
  const marks: Mark[] = [];
  for (let left = count; left > 0; left--)
    marks.push({
      origin: readText(from, bytes),
      generation: from.number(),
      sequence: from.number(),
      newest: from.number(),
    });
  return marks;
}

/** How long these bytes have to be for a message to begin, or for the one that they begin with to be whole. */
export function neededBytes(bytes: Buffer): number {
  return headBytes + (bytes.length < headBytes ? 0 : bytes.readUInt32BE(0));
}

/** The message at `at`, and where it ends; null: not all of it is there. Throws `UnreadableLesson`. */
export function readMessage(
  bytes: Buffer,
  at: number,
): { readonly message: Message; readonly end: number } | null {
  if (bytes.length - at < headBytes) return null;
  const length = bytes.readUInt32BE(at);
  const type = bytes[at + 4];
  if (length > messageLimit) throw new UnreadableLesson(`a message of ${length} bytes`);
  const body = at + headBytes;
  const end = body + length;
  if (end > bytes.length) return null;
  if (type === types.parts) return { message: { kind: 'parts', bytes, at: body, end }, end };
  const from = new Cursor();
  from.start(bytes, body, end, 'a message of a sidecar');
  const message = readSmall(from, bytes, type);
  if (!from.isAtEnd()) throw from.broken('something follows it');
  return { message, end };
}

function readSmall(from: Cursor, bytes: Buffer, type: number | undefined): Message {
  if (type === types.hello) return { kind: 'hello', version: from.number() };
  if (type === types.have) {
    from.skip(1);
    const isAsking = bytes[from.at - 1] === 1;
    return { kind: 'have', isAsking, own: readText(from, bytes), marks: readMarks(from, bytes) };
  }
  if (type === types.complete) return { kind: 'complete', marks: readMarks(from, bytes) };
  throw from.broken(`it is of type ${type}`);
}
