/*
 * A frame is a header of four bytes, type and length (24 bits, big-endian), and as many bytes as it says. Control and
 * messages are JSON. Data is handed on as it comes, never put together. A type that is not known is skipped, so that a
 * newer version may send more.
 */

const types = { control: 1, message: 2, data: 3, ping: 4, sums: 5 } as const;
const headerBytes = 4;

/** Most bytes of the JSON of one control frame or message. */
export const maxTextBytes = 4096;

export type TextKind = 'control' | 'message';

function headerOf(type: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32BE(type * 2 ** 24 + length);
  return header;
}

export const pingFrame: Buffer = headerOf(types.ping, 0);

/** The header for data of `length` bytes, less than 16 MiB. */
export function dataHeader(length: number): Buffer {
  return pieceHeader(types.data, length);
}

/** The same for what is said of sums. */
export function sumsHeader(length: number): Buffer {
  return pieceHeader(types.sums, length);
}

function pieceHeader(type: number, length: number): Buffer {
  if (length >= 2 ** 24) throw new RangeError(`${length} bytes do not fit into one frame`);
  return headerOf(type, length);
}

/** RangeError where the JSON has more than `maxTextBytes`. */
export function textFrame(kind: TextKind, value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  if (text.length > maxTextBytes)
    throw new RangeError(`a ${kind} of ${text.length} bytes: at most ${maxTextBytes} are sent`);
  return Buffer.concat([headerOf(types[kind], text.length), text]);
}

export interface FrameHandlers {
  text(kind: TextKind, value: unknown): void;
  /** A piece of what was written on the other side: not a whole frame. Only good until this returns, unless kept. */
  data(slice: Buffer): void;
  /** As `data`. */
  sums(slice: Buffer): void;
  /** These bytes are no frames, or more than may be sent by now. Nothing is read any more. */
  garbage(why: string): void;
}

export interface FrameReader {
  push(chunk: Buffer): void;
  /** What was pushed and not handed on is kept until `go`; what is pushed meanwhile as well. */
  stop(): void;
  go(): void;
  /** From now on everything is allowed; before it, only control frames and pings. */
  trust(): void;
}

/** Reads what `textFrame`, `dataHeader` and `pingFrame` make, in pieces of any size. */
export function createFrameReader(handlers: FrameHandlers): FrameReader {
  const header = Buffer.alloc(headerBytes);
  let waiting: Buffer[] = [];
  let have = 0;
  let type = 0;
  let left = 0;
  let text: Buffer | undefined;
  let stopped = false;
  let trusted = false;
  let reading = false;
  let dead = false;

  function garbage(why: string): void {
    dead = true;
    waiting = [];
    handlers.garbage(why);
  }

  function begin(): void {
    const word = header.readUInt32BE();
    type = word >>> 24;
    left = word % 2 ** 24;
    have = 0;
    const isText = type === types.control || type === types.message;
    const early = type === types.control || (type === types.ping && left === 0);
    if (isText && (left === 0 || left > maxTextBytes)) garbage(`a text of ${left} bytes`);
    else if (!trusted && !early) garbage(`a frame of type ${type} before the greeting`);
    else text = isText ? Buffer.allocUnsafe(left) : undefined;
  }

  function told(whole: Buffer): void {
    text = undefined;
    let value: unknown;
    try {
      value = JSON.parse(whole.toString());
    } catch {
      garbage('a text that is no JSON');
      return;
    }
    handlers.text(type === types.control ? 'control' : 'message', value);
  }

  /** Takes from the chunk what belongs to the frame that was begun. How many bytes that was. */
  function takeBody(chunk: Buffer): number {
    const slice = chunk.length <= left ? chunk : chunk.subarray(0, left);
    if (text !== undefined) slice.copy(text, text.length - left);
    left -= slice.length;
    if (text !== undefined && left === 0) told(text);
    else if (type === types.data) handlers.data(slice);
    else if (type === types.sums) handlers.sums(slice);
    return slice.length;
  }

  function takeHeader(chunk: Buffer): number {
    const taken = chunk.copy(header, have, 0, headerBytes - have);
    have += taken;
    if (have === headerBytes) begin();
    return taken;
  }

  function read(): void {
    if (reading) return;
    reading = true;
    while (!stopped && !dead) {
      const chunk = waiting.shift();
      if (chunk === undefined) break;
      const taken = left > 0 ? takeBody(chunk) : takeHeader(chunk);
      if (taken < chunk.length && !dead) waiting.unshift(chunk.subarray(taken));
    }
    reading = false;
  }

  return {
    push(chunk) {
      if (dead) return;
      waiting.push(chunk);
      read();
    },
    stop() {
      stopped = true;
    },
    go() {
      stopped = false;
      read();
    },
    trust() {
      trusted = true;
    },
  };
}
