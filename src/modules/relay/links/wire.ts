import type { Socket } from 'node:net';
import { startTimer } from '../../../clock.ts';
import { visible } from '../../../visible.ts';
import { dataHeader, pingFrame, sumsHeader, textFrame } from './frames.ts';
import {
  type Control,
  type HeardControl,
  isOfLaterKind,
  otherVersion,
  parseControl,
} from './greeting.ts';
import { createIntake, type Intake } from './intake.ts';
import { createSilence } from './silence.ts';

/** No ping where something was sent less than this before, in milliseconds. */
const sentJustNowMs = 500;
/** Most bytes that wait to be sent: who writes on although `write` says no is closed. */
const mostWaitingBytes = 1024 * 1024;
/** For what was written last to be sent, in milliseconds. */
const farewellMs = 500;

export interface WireEnd {
  readonly code: string;
  readonly why: string;
}

/** One connection, of frames. */
export interface Wire extends Omit<Intake, 'reads'> {
  sendControl(control: Control): void;
  /** RangeError where the JSON has more than 4 kB. */
  sendMessage(message: unknown): void;
  /** False: wait for `onDrain`. */
  write(chunk: Buffer): boolean;
  onDrain(callback: () => void): void;
  /** As `write` and `onDrain`, beside them. */
  writeSums(chunk: Buffer): boolean;
  onSumsDrain(callback: () => void): void;
  /** Notices that nothing comes. True: it may be so, look again after `doubtPaceMs`. */
  look(): boolean;
  /** Every second: pings where nothing else was sent. */
  ping(): void;
  /** With `tell` the other side is told why, if it still reads. */
  close(end: WireEnd, tell: boolean): void;
  readonly isOpen: () => boolean;
}

export interface WireHandlers {
  control(control: HeardControl): void;
  /** Once, and not where `close` was called. */
  ended(end: WireEnd): void;
}

/** The socket is connected, and authenticated where that is asked for. `now`: milliseconds, monotonic. */
export function createWire(socket: Socket, handlers: WireHandlers, now: () => number): Wire {
  const silence = createSilence(now);
  let open = true;
  let trusted = false;
  let sentAtMs = Number.NEGATIVE_INFINITY;
  let drained = () => {};
  let sumsDrained = () => {};

  function end(code: string, why: string): void {
    if (!open) return;
    open = false;
    socket.destroy();
    handlers.ended({ code, why });
  }

  function told(value: unknown): void {
    const control = parseControl(value);
    const version = control === undefined ? otherVersion(value) : undefined;
    if (version !== undefined) part('version', `it speaks version ${version} of the greeting`);
    else if (control === undefined) {
      // Who has greeted may be of a later version, which does without an answer.
      if (!trusted || !isOfLaterKind(value))
        end('garbage', 'it has sent what is none of our messages');
    } else if (!('bye' in control)) handlers.control(control);
    else end(control.bye.code, `the other side says: ${visible(control.bye.why)}`);
  }

  /** It is told why. */
  function part(code: string, why: string): void {
    put(textFrame('control', { bye: { code, why } }));
    if (!open) return;
    open = false;
    farewell();
    handlers.ended({ code, why });
  }

  const { reads, ...intake } = createIntake(socket, {
    control: told,
    garbage: (why) => end('garbage', `it has sent ${why}`),
    isOpen: () => open,
  });

  function put(...parts: readonly Buffer[]): boolean {
    if (!open) return false;
    sentAtMs = now();
    // One write costs less than two that go out together, which costs more than a copy of what is small.
    const more = socket.write(Buffer.concat(parts));
    if (socket.writableLength > mostWaitingBytes)
      end('overrun', `${socket.writableLength} bytes wait to be sent`);
    return more;
  }

  socket.on('data', silence.heard);
  socket.on('drain', () => {
    if (open) drained();
    if (open) sumsDrained();
  });
  socket.on('end', () => end('ended', 'the other side has closed the connection'));
  socket.on('error', (error: NodeJS.ErrnoException) =>
    end('broken', `the connection broke (${error.code ?? error.message})`),
  );
  socket.on('close', () => end('ended', 'the connection was closed'));

  /** What was written last is sent, and what still comes is thrown away, so that the other side can end. */
  function farewell(): void {
    socket.resume();
    socket.end();
    const stop = startTimer(() => socket.destroy(), farewellMs);
    socket.once('close', stop);
  }

  return {
    ...intake,
    sendControl: (control) => void put(textFrame('control', control)),
    sendMessage: (message) => void put(textFrame('message', message)),
    write: (chunk) => chunk.length === 0 || put(dataHeader(chunk.length), chunk),
    onDrain(callback) {
      drained = callback;
    },
    writeSums: (chunk) => put(sumsHeader(chunk.length), chunk),
    onSumsDrain(callback) {
      sumsDrained = callback;
    },
    resume() {
      silence.heard();
      intake.resume();
    },
    trust() {
      trusted = true;
      intake.trust();
    },
    look() {
      if (!open) return false;
      if (!reads()) silence.heard();
      const judged = silence.look();
      if (judged === 'silent') end('silent', 'nothing has come for 3 s');
      return judged === 'doubtful';
    },
    ping() {
      const isQuiet = now() - sentAtMs >= sentJustNowMs && socket.writableLength === 0;
      if (trusted && isQuiet) put(pingFrame);
    },
    close({ code, why }, tell) {
      if (!open) return;
      const isPossible = tell && socket.writable && socket.writableLength < mostWaitingBytes;
      if (isPossible) put(textFrame('control', { bye: { code, why: why.slice(0, 300) } }));
      open = false;
      if (isPossible) farewell();
      else socket.destroy();
    },
    isOpen: () => open,
  };
}
