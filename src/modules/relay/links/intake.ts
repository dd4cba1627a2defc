import type { Socket } from 'node:net';
import { createReadTurns } from '../../../read-turns.ts';
import { createFrameReader, type TextKind } from './frames.ts';

export interface IntakeHandlers {
  control(value: unknown): void;
  garbage(why: string): void;
  /** False: nothing is handed on any more. */
  readonly isOpen: () => boolean;
}

/**
 * Reads frames from a socket. Nothing is lost while nobody has asked for it yet: it is not read then. Nothing is handed on before the call that
 * asks for it has returned.
 */
export interface Intake {
  onData(callback: (chunk: Buffer) => void): void;
  onMessage(callback: (message: unknown) => void): void;
  onSums(callback: (chunk: Buffer) => void): void;
  pause(): void;
  resume(): void;
  /** The other side has greeted: messages and data may come. */
  trust(): void;
  /** False while we do not read, and so cannot tell whether anything comes. */
  readonly reads: () => boolean;
}

export function createIntake(socket: Socket, handlers: IntakeHandlers): Intake {
  const { isOpen } = handlers;
  let paused = false;
  /** Enough sums were handed on for one go. */
  let rests = false;
  let onData: ((chunk: Buffer) => void) | undefined;
  let onMessage: ((message: unknown) => void) | undefined;
  let onSums: ((chunk: Buffer) => void) | undefined;
  /** What came before somebody asked for it: one piece, because reading stops. */
  let held:
    | { readonly data: Buffer }
    | { readonly sums: Buffer }
    | { readonly message: unknown }
    | undefined;

  const reader = createFrameReader({
    text(kind: TextKind, value) {
      if (!isOpen()) return;
      if (kind === 'control') handlers.control(value);
      else if (onMessage === undefined) hold({ message: value });
      else onMessage(value);
    },
    data(slice) {
      if (!isOpen()) return;
      if (onData === undefined) hold({ data: slice });
      else onData(slice);
    },
    sums(slice) {
      if (!isOpen()) return;
      if (onSums === undefined) hold({ sums: slice });
      else onSums(slice);
      readSums(slice.length);
    },
    garbage: handlers.garbage,
  });

  const reads = () => !paused && !rests && held === undefined;
  const readSums = createReadTurns(
    () => {
      rests = true;
      apply();
    },
    () => {
      rests = false;
      apply();
    },
  );

  function apply(): void {
    if (!isOpen()) return;
    if (reads()) reader.go();
    else reader.stop();
    // While handing on what was kept somebody may have paused again.
    if (reads()) socket.resume();
    else socket.pause();
  }

  function hold(what: typeof held): void {
    held = what;
    apply();
  }

  function release(): void {
    const what = held;
    if (what === undefined || paused || !isOpen()) return;
    const reader = 'data' in what ? onData : 'sums' in what ? onSums : onMessage;
    if (reader === undefined) return;
    held = undefined;
    if ('data' in what) onData?.(what.data);
    else if ('sums' in what) onSums?.(what.sums);
    else onMessage?.(what.message);
    apply();
  }

  /** Who has just asked is not ready for it before the call has returned. */
  function releaseSoon(): void {
    queueMicrotask(release);
  }

  socket.on('data', (chunk: Buffer) => isOpen() && reader.push(chunk));

  return {
    onData(callback) {
      onData = callback;
      releaseSoon();
    },
    onMessage(callback) {
      onMessage = callback;
      releaseSoon();
    },
    onSums(callback) {
      onSums = callback;
      releaseSoon();
    },
    pause() {
      paused = true;
      apply();
    },
    resume() {
      if (!paused) return;
      paused = false;
      release();
      apply();
    },
    trust: reader.trust,
    reads,
  };
}
