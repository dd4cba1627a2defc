import { lstat, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import process from 'node:process';
import { startTimer } from '../../../clock.ts';
import { errorMessage } from '../../../errors.ts';
import type { Log } from '../../../log.ts';
import { createLines } from './lines.ts';
import { type Asked, askedSchema, type Outcome, type Said } from './messages.ts';

export interface DoorOptions {
  readonly path: string;
  /** Does it while nothing else uses the slot of lessons; when the signal aborts it is not waited for. */
  readonly alone: <T>(act: () => Promise<T>, signal: AbortSignal) => Promise<T>;
  /** This replica is ready. */
  readonly ready: () => boolean;
  /** Why nobody may use the slot now; null: somebody may. */
  readonly refuses: () => string | null;
  /** What came of it. Returns the names of replicas that compare themselves with this one now. */
  readonly on: (outcome: Outcome) => readonly string[];
  readonly log: Log;
}

export interface Door {
  close(): Promise<void>;
}

/** For the first line: a program sends it at once. */
const askMs = 2000;
/** A lesson of 5,000,000 entries takes 10 s, and a slow volume longer. */
const holdMs = 10 * 60 * 1000;
const visitorsAtMost = 4;
/** Connections that have not said yet what they want: the oldest goes when there are more. */
const silentAtMost = 16;
/** Longer paths of unix sockets do not exist (unix(7)). */
const longestPath = 107;

/** One visitor: from its first line until it is gone. `asks`: it has said what it wants; false: there is no room for it. */
async function attend(socket: Socket, options: DoorOptions, asks: () => boolean): Promise<void> {
  const gone = new AbortController();
  let heard: (asked: Asked) => void = () => {};
  const lines = createLines(socket, askedSchema, (asked) => heard(asked));
  const say = (said: Said) => lines.send(said);
  let stopTimer = startTimer(() => socket.destroy(), askMs);
  socket.on('close', () => {
    stopTimer();
    gone.abort();
  });
  /** Null: it is gone. */
  const next = (): Promise<Asked | null> =>
    new Promise((resolve) => {
      if (gone.signal.aborted) return resolve(null);
      heard = resolve;
      gone.signal.addEventListener('abort', () => resolve(null), { once: true });
    });

  const first = await next();
  stopTimer();
  if (first === null || first.step !== 'ask') return void socket.destroy();
  const why = asks() ? options.refuses() : `${visitorsAtMost} others wait already`;
  if (why !== null) {
    say({ step: 'refused', why });
    return void socket.end();
  }
  await options.alone(async () => {
    if (gone.signal.aborted) return;
    options.log.info({ for: first.for }, 'the slot of lessons is left to a command');
    stopTimer = startTimer(() => socket.destroy(), holdMs);
    const outcome = next();
    say({ step: 'yours', ready: options.ready() });
    const done = await outcome;
    stopTimer();
    if (done === null || done.step === 'ask') return void socket.destroy();
    say({ step: 'noted', told: [...options.on(done)] });
    socket.end();
  }, gone.signal);
}

/** Nobody but the owner of the process may connect: the mode is there from the first moment. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const before = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

/**
 * Lets another process of this pod use the slot of lessons, one at a time: HAProxy closes the older of two sessions of one slot. Null
 * where it cannot listen, which the log says, and the sidecar works without. Never throws.
 */
export async function openDoor(options: DoorOptions): Promise<Door | null> {
  const { path, log } = options;
  const visitors = new Set<Socket>();
  /** Those who have not asked: they take no place of those who have. */
  const silent = new Set<Socket>();
  /** Let in, or waiting for it. */
  const asking = new Set<Socket>();
  const server = createServer((socket) => {
    visitors.add(socket);
    silent.add(socket);
    socket.on('close', () => {
      for (const set of [visitors, silent, asking]) set.delete(socket);
    });
    const [oldest] = silent;
    if (silent.size > silentAtMost) oldest?.destroy();
    void attend(socket, options, () => {
      silent.delete(socket);
      if (asking.size >= visitorsAtMost) return false;
      asking.add(socket);
      return true;
    });
  });
  try {
    if (Buffer.byteLength(path) > longestPath) throw new Error('its path is too long');
    const found = await lstat(path).catch(() => null);
    if (found !== null && !found.isSocket()) throw new Error('there is something else');
    // Of a sidecar that was killed.
    await rm(path, { force: true });
    await listen(server, path);
  } catch (error) {
    const why = errorMessage(error);
    log.warn({ path, why }, 'the command snapshot cannot take or restore anything here');
    return null;
  }
  server.on('error', (error) => log.warn({ path, why: errorMessage(error) }, 'the door fails'));
  return {
    close: () =>
      new Promise((resolve) => {
        // It removes the socket, too.
        server.close(() => resolve());
        for (const visitor of visitors) visitor.destroy();
      }),
  };
}
