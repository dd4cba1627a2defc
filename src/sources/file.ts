import { type FSWatcher, watch as watchDirectory } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sleep, wallNow } from '../clock.ts';
import { AppError, errorMessage } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Self } from '../model/member.ts';
import { type Candidate, chooseMembers } from './choose-members.ts';
import { parseMembersFile } from './members-file.ts';
import { createObservation } from './observation.ts';
import type { Source } from './source.ts';

/** At every twelfth look it is read although it looks as before: not every file system has fine times. */
const readEvery = 12;

/** One save is several events; a busy directory must not have us read without end. */
const burstMs = 20;

export interface FileSourceOptions {
  /** A YAML or JSON list of `{name, address}`. */
  readonly path: string;
  readonly self: Self;
  readonly log: Log;
  /** The file is read this often even when no event comes: network file systems send none. */
  readonly pollMs?: number;
  /** The date, in milliseconds since the epoch. */
  readonly wallNow?: () => number;
}

/**
 * Members from a file that another program maintains. The directory is watched and not the file, because Kubernetes
 * replaces a ConfigMap by swapping a symlink, and editors replace files by renaming. A wrong or missing file only
 * changes the notes.
 */
export function createFileSource(options: FileSourceOptions): Source {
  const { path, self, log, pollMs = 5_000, wallNow: date = wallNow } = options;
  let candidates: readonly Candidate[] = [];
  let lastText: string | undefined;
  let lastTrouble: string | undefined;
  let lastLook: string | undefined;
  const observation = createObservation({
    compute: () => chooseMembers(candidates, self),
    unheard: `the members file ${path} has not been read yet`,
    wallNow: date,
  });

  async function read(signal: AbortSignal): Promise<void> {
    try {
      const text = await readText(path, signal);
      const found = text === lastText ? undefined : parseMembersFile(text);
      observation.heard();
      observation.trouble(undefined);
      if (lastTrouble !== undefined) log.info({ path }, 'members file is good again');
      lastTrouble = undefined;
      if (found === undefined) return;
      lastText = text;
      candidates = found;
      observation.changed();
    } catch (error) {
      if (signal.aborted) return;
      const message = `${errorMessage(error)} (${path})`;
      if (message === lastTrouble) return;
      lastTrouble = message;
      const { code, hint } = error instanceof AppError ? error : { code: 'BUG', hint: undefined };
      log.warn({ code, reason: message, hint }, 'members file cannot be used');
      observation.trouble(message);
    }
  }

  /** One call in place of four: most of what a sidecar at rest does. */
  async function looksAsBefore(): Promise<boolean> {
    const look = await lookOf(path);
    const isSame = look !== undefined && look === lastLook;
    lastLook = look;
    if (isSame) observation.heard();
    return isSame;
  }

  async function follow(signal: AbortSignal): Promise<void> {
    let watcher: FSWatcher | undefined;
    let isDue = true;
    function unwatch(): void {
      watcher?.close();
      watcher = undefined;
    }
    for (let round = 0; !signal.aborted; round++) {
      const nap = new AbortController();
      let woken = false;
      const wake = () => {
        woken = true;
        nap.abort();
      };
      signal.addEventListener('abort', wake, { once: true });
      // Watching first and reading then: a change in between wakes us again.
      watcher?.removeAllListeners('change').on('change', wake);
      watcher ??= watchOrNot(dirname(path), unwatch)?.on('change', wake);
      const isGood = !isDue && lastTrouble === undefined && round % readEvery > 0;
      if (!isGood || !(await looksAsBefore())) await read(signal);
      await sleep(pollMs, nap.signal).catch(() => undefined);
      isDue = woken;
      if (woken && !signal.aborted) await sleep(burstMs);
      signal.removeEventListener('abort', wake);
    }
    unwatch();
  }

  let running: Promise<void> | undefined;
  return {
    name: 'file',
    start(signal) {
      running ??= follow(signal);
    },
    snapshot: observation.snapshot,
    onChange: observation.onChange,
    stopped: () => running ?? Promise.resolve(),
  };
}

function unreadable(cause: unknown): AppError {
  const message = `The members file cannot be read: ${errorMessage(cause)}`;
  return new AppError('FILE_READ_FAILED', message, { cause });
}

async function readText(path: string, signal: AbortSignal): Promise<string> {
  try {
    return await readFile(path, { encoding: 'utf8', signal });
  } catch (error) {
    throw unreadable(error);
  }
}

/** Another text where another file is there, or was written to; undefined where none can be looked at. */
async function lookOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, ctimeNs].join(' ');
  } catch {
    return undefined;
  }
}

/** Undefined when the directory cannot be watched (absent, no inotify left): the poll finds changes then. */
function watchOrNot(directory: string, onError: () => void): FSWatcher | undefined {
  try {
    return watchDirectory(directory).on('error', onError);
  } catch {
    return undefined;
  }
}
