import { rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, errorMessage, RemoteError } from '../errors.ts';
import { readText, writeFileAtomic } from '../files/files.ts';
import { hardReload, reloadOverMaster } from '../haproxy/master.ts';
import { validateConfig } from '../haproxy/validate.ts';
import type { Log } from '../log.ts';
import type { Applied, Applier } from './applier.ts';
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

/**
 * For images without the Data Plane API: rewrites only the lines of the edits in haproxy.cfg and reloads over the
 * master socket. No other program may write the file while it runs.
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
      await writeFileAtomic(configFile, unfinished);
      await undo.clear();
    }
    const text = unfinished ?? written;
    const { ino, mtimeNs, size } = await stat(configFile, { bigint: true });
    return { text, version: `${ino}-${mtimeNs}-${size}`, obstacles: [] };
  }

  async function check(text: string): Promise<void> {
    if (haproxyBin === undefined) return;
    const candidate = join(dirname(configFile), `.${basename(configFile)}.check`);
    try {
      await writeFileAtomic(candidate, text, { mode: 0o600 });
      await validateConfig(haproxyBin, candidate);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'TEMPLATE_REJECTED') throw error;
      throw new RemoteError('RELOAD_FAILED', `Not written: ${error.message}`, {
        retryable: false,
        stage: 'validate',
        cause: error,
      });
    } finally {
      await rm(candidate, { force: true });
    }
  }

  async function replace(before: string, after: string): Promise<void> {
    await undo.save(before, after);
    await writeFileAtomic(configFile, after);
    try {
      await reloadOverMaster(masterSocket, { timeoutMs });
    } catch (error) {
      log.warn({ configFile, error: errorMessage(error) }, 'the old haproxy.cfg is put back');
      await writeFileAtomic(configFile, before);
      await undo.clear();
      throw error;
    }
    await undo.clear();
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
      await check(after);
      return after;
    };
    const { made, held } = await withoutRefused(remaining, checked, async (step) => {
      await checked([step]);
    });
    return { before, after: made, ...(held.length === 0 ? {} : { held }) };
  }

  async function commit(edits: readonly Edit[], signal: AbortSignal): Promise<Applied> {
    const { before, after, ...rest } = await edited(edits, signal);
    const { text, version } = before;
    if (after === text) return { reloaded: false, version, attempts: 1, ...rest };
    await replace(text, after);
    return { reloaded: true, version: (await load()).version, attempts: 1, ...rest };
  }

  async function persist(edits: readonly Edit[], signal: AbortSignal) {
    const { before, after, ...rest } = await edited(edits, signal);
    if (after !== before.text) await writeFileAtomic(configFile, after);
    return { version: (await load()).version, ...rest };
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
