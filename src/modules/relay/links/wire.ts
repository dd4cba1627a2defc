import type { Socket } from 'node:net';
import { startTimer } from '../../../clock.ts';
import { visible } from '../../../visible.ts';
import { dataHeader, pingFrame, textFrame } from './frames.ts';
import { type Control, type HeardControl, parseControl } from './greeting.ts';
import { createIntake, type Intake } from './intake.ts';

/** How often `tick` is to be called, in milliseconds. */
export const tickMs = 500;

const ticksPerPing = 2;
/** Ticks without a byte: with the one in which the last byte came, 2.5 to 3 s. */
const silentTicks = 5;
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
  /** Pings, and notices that nothing comes. Ticks are counted, so a process that stood still itself judges nobody by that. */
  tick(): void;
  /** With `tell` the other side is told why, if it still reads. */
  close(end: WireEnd, tell: boolean): void;
  readonly isOpen: () => boolean;
}

export interface WireHandlers {
  control(control: HeardControl): void;
  /** Once, and not where `close` was called. */
  ended(end: WireEnd): void;
}

/** The socket is connected, and authenticated where that is asked for. */
export function createWire(socket: Socket, handlers: WireHandlers): Wire {
  let open = true;
  let trusted = false;
  let heard = true;
  let sent = false;
  let ticks = 0;
  let silent = 0;
  let drained = () => {};

  function end(code: string, why: string): void {
    if (!open) return;
    open = false;
    socket.destroy();
    handlers.ended({ code, why });
  }

  function told(value: unknown): void {
    const control = parseControl(value);
    if (control === undefined) end('garbage', 'it has sent what is none of our messages');
    else if (!('bye' in control)) handlers.control(control);
    else end(control.bye.code, `the other side says: ${visible(control.bye.why)}`);
  }

  const { reads, ...intake } = createIntake(socket, {
    control: told,
    garbage: (why) => end('garbage', `it has sent ${why}`),
    isOpen: () => open,
  });

  function put(...parts: readonly Buffer[]): boolean {
    if (!open) return false;
    sent = true;
    let more = true;
    socket.cork();
    for (const part of parts) more = socket.write(part);
    socket.uncork();
    if (socket.writableLength > mostWaitingBytes)
      end('overrun', `${socket.writableLength} bytes wait to be sent`);
    return more;
  }

  socket.on('data', () => {
    heard = true;
  });
  socket.on('drain', () => open && drained());
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
    resume() {
      silent = 0;
      intake.resume();
    },
    trust() {
      trusted = true;
      intake.trust();
    },
    tick() {
      if (!open) return;
      ticks += 1;
      silent = heard || !reads() ? 0 : silent + 1;
      heard = false;
      if (silent >= silentTicks) end('silent', 'nothing has come for 3 s');
      if (ticks % ticksPerPing !== 0) return;
      if (trusted && !sent && socket.writableLength === 0) put(pingFrame);
      sent = false;
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
