import { stat } from 'node:fs/promises';
import { AppError, errorMessage, RemoteError } from '../errors.ts';
import { readText, replaceText } from '../files/files.ts';
import { hardReload, reloadOverMaster } from '../haproxy/master.ts';
import type { Log } from '../log.ts';
import type { Applied, Applier } from './applier.ts';
import { checkText } from './check-text.ts';
import type { Configuration, Edit } from './edit.ts';
import { type OwnedStep, remainingSteps, withoutRefused } from './held.ts';
import { createUndo } from './undo.ts';

export interface DirectOptions {
  readonly configFile: string;
  readonly masterSocket: string;
  readonly log: Log;
  /** Checks the new file before it is put in place, if there is a program for it. */
  readonly haproxyBin?: string | undefined;
  /** Milliseconds for the reload. Default 30 s. */
  readonly reloadTimeoutMs?: number | undefined;
  /** For --dry-run: reads, and repairs nothing. */
  readonly readOnly?: boolean | undefined;
}

/** So often a change is made anew because another program wrote the file meanwhile. */
const attemptsAtMost = 5;

/**
 * For images without the Data Plane API: rewrites only the lines of the edits in haproxy.cfg and reloads over the
 * master socket. What another program writes in between is read again, and kept.
 */
export function createDirectApplier(options: DirectOptions): Applier {
  const { configFile, masterSocket, log, haproxyBin } = options;
  const undo = createUndo(configFile);
  const timeoutMs = options.reloadTimeoutMs ?? 30_000;

  /** The text that HAProxy has loaded, as far as an earlier process may have left that in doubt. */
  async function load(): Promise<Configuration> {
    const written = await readText(configFile);
    const unfinished = await undo.load(written);
    if (unfinished !== undefined && options.readOnly !== true) {
      log.warn(
        { configFile },
        'a change was written but its reload was cut off: it is taken back and planned again',
      );
      if (!(await replaceText(configFile, written, unfinished))) return load();
      await undo.clear();
    }
    const text = unfinished ?? written;
    const { ino, mtimeNs, size } = await stat(configFile, { bigint: true });
    return { text, version: `${ino}-${mtimeNs}-${size}`, obstacles: [] };
  }

  /** False: somebody else has written the file since it was read. */
  async function replace(before: string, after: string): Promise<boolean> {
    await undo.save(before, after);
    if (!(await replaceText(configFile, before, after))) {
      await undo.clear();
      return false;
    }
    try {
      await reloadOverMaster(masterSocket, { timeoutMs });
    } catch (error) {
      const reason = { configFile, error: errorMessage(error) };
      if (await replaceText(configFile, after, before))
        log.warn(reason, 'the old haproxy.cfg is put back');
      else log.warn(reason, 'somebody else has written haproxy.cfg since');
      await undo.clear();
      throw error;
    }
    await undo.clear();
    return true;
  }

  /** haproxy.cfg with those edits that HAProxy does not refuse. */
  async function edited(edits: readonly Edit[], signal: AbortSignal) {
    const before = await load();
    const { text } = before;
    const remaining = remainingSteps(edits, before);
    if (remaining.steps.length === 0) return { before, after: text };
    signal.throwIfAborted();
    const checked = async (steps: readonly OwnedStep[]) => {
      const after = steps.reduce((written, { step }) => step.inText(written), text);
      if (haproxyBin !== undefined) await checkText(haproxyBin, configFile, after);
      return after;
    };
    const { made, held } = await withoutRefused(remaining, checked, async (step) => {
      await checked([step]);
    });
    return { before, after: made, ...(held.length === 0 ? {} : { held }) };
  }

  /** With the file as it is now, until nobody has written it between our read and `replaced`. */
  async function put(
    edits: readonly Edit[],
    signal: AbortSignal,
    replaced: (before: string, after: string) => Promise<boolean>,
  ) {
    for (let attempts = 1; attempts <= attemptsAtMost; attempts += 1) {
      const { before, after, ...rest } = await edited(edits, signal);
      const differs = after !== before.text;
      if (!differs || (await replaced(before.text, after)))
        return { ...rest, attempts, differs, version: before.version };
    }
    throw new AppError(
      'FILE_WRITE_FAILED',
      `${configFile} is not written: another program wrote it ${attemptsAtMost} times while the change was made`,
      { hint: 'Find the program that writes haproxy.cfg so often. The sidecar tries again.' },
    );
  }

  async function commit(edits: readonly Edit[], signal: AbortSignal): Promise<Applied> {
    const { differs, version, ...rest } = await put(edits, signal, replace);
    return { ...rest, reloaded: differs, version: differs ? (await load()).version : version };
  }

  async function persist(edits: readonly Edit[], signal: AbortSignal) {
    const { held } = await put(edits, signal, (before, after) =>
      replaceText(configFile, before, after),
    );
    return { version: (await load()).version, ...(held === undefined ? {} : { held }) };
  }

  return {
    name: 'direct',
    read: () => remotely(load),
    commit: (_base, edits, signal) => remotely(() => commit(edits, signal)),
    persist: (_base, edits, signal) => remotely(() => persist(edits, signal)),
    async reload(signal) {
      await reloadOverMaster(masterSocket, { timeoutMs, signal });
      return { reloaded: true, attempts: 1 };
    },
    hardReload: (signal) => hardReload(masterSocket, { timeoutMs, signal }),
    async close() {},
  };
}

/**
 * A file that cannot be read or written now may be accessible later, so the loop continues as after any remote
 * failure.
 */
async function remotely<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof AppError) || error instanceof RemoteError) throw error;
    throw new RemoteError(error.code, error.message, {
      retryable: true,
      hint: error.hint,
      stage: 'file',
      cause: error,
    });
  }
}
