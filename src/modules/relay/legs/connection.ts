import type { HaproxyAddress } from '../section/address.ts';
import { connectOptions } from './address.ts';
import type { ByteStream } from './byte-stream.ts';
import { isClosedCode, LegSocket } from './leg-socket.ts';

/** How a connection has ended, or why there was none. */
export interface Ended {
  readonly why: string;
  /** Of Node, e.g. `ECONNREFUSED`. Missing: the other side has closed it, or this one. */
  readonly code: string | undefined;
  /** It was there before. */
  readonly connected: boolean;
}

/** A connection to HAProxy. */
export interface Connection extends ByteStream {
  /** These bytes were read too early: they come first when `onData` is called again. */
  giveBack(rest: Buffer): void;
  /** Nothing more is written; the other side still may. */
  finishWriting(): void;
  /** At once, for this reason. */
  destroy(why: string): void;
  readonly ended: Promise<Ended>;
}

/** Bytes a connection keeps that nobody has asked for; what is more stays with HAProxy. */
export const earlyLimit = 64 * 1024;

/**
 * Where all sockets read into, one after the other (`onread` of Node): whoever gets a chunk gets a copy of its size. Node's
 * own way reserves 64 KiB for each read, however little comes.
 */
const readInto = Buffer.allocUnsafeSlow(64 * 1024);

const otherSide =
  'HAProxy has ended the session, as it does when it is reloaded or stopped, and when another session begins in its slot';

/**
 * Connects, and writes `first` then. Never throws: `ended` tells. What HAProxy wrote before it closed is read first, also where it
 * closed while we wrote.
 */
export function connectTo(at: HaproxyAddress, first: string): Connection {
  let take: ((chunk: Buffer) => void) | null = null;
  let drained: () => void = () => {};
  const early: Buffer[] = [];
  let earlyBytes = 0;
  let paused = false;
  let connected = false;
  let cause: { why: string; code?: string | undefined } = { why: otherSide };

  function received(size: number): boolean {
    const chunk = Buffer.from(readInto.subarray(0, size));
    if (take !== null && !paused) take(chunk);
    else keep(chunk);
    return !paused && earlyBytes < earlyLimit;
  }
  function keep(chunk: Buffer): void {
    early.push(chunk);
    earlyBytes += chunk.length;
  }
  function giveEarly(): void {
    while (take !== null && !paused) {
      const chunk = early.shift();
      if (chunk === undefined) return;
      earlyBytes -= chunk.length;
      take(chunk);
    }
  }

  function closedWith(code: string | undefined): void {
    cause = { why: `${otherSide} (${code})`, code };
  }

  const socket = new LegSocket({ onread: { buffer: readInto, callback: received } }, closedWith);
  socket.connect(connectOptions(at));
  socket.on('connect', () => {
    connected = true;
  });
  socket.on('drain', () => drained());
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (connected && isClosedCode(error.code)) closedWith(error.code);
    else cause = { why: error.message, code: error.code };
  });
  socket.write(first);
  const ended = new Promise<Ended>((resolve) => {
    socket.on('close', () => resolve({ code: undefined, ...cause, connected }));
  });

  return {
    ended,
    write: (chunk) => socket.write(chunk),
    onDrain(act) {
      drained = act;
    },
    onData(receiver) {
      take = receiver;
      giveEarly();
      if (!paused) socket.resume();
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      giveEarly();
      if (!paused) socket.resume();
    },
    giveBack(rest) {
      take = null;
      if (rest.length > 0) keep(rest);
    },
    finishWriting() {
      socket.end();
    },
    destroy(why) {
      cause = { why };
      socket.destroy();
    },
  };
}
