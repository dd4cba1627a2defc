import { rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { editPeersSection, readPeersSection } from '../config-text/peers-text.ts';
import { AppError, errorMessage, RemoteError } from '../errors.ts';
import { readText, writeFileAtomic } from '../files/files.ts';
import { hardReload, reloadOverMaster } from '../haproxy/master.ts';
import { validateConfig } from '../haproxy/validate.ts';
import type { Log } from '../log.ts';
import { hasChanges, type PeersChanges, remainingChanges } from '../model/changes.ts';
import type { PeersSection } from '../model/peers-section.ts';
import type { Applied, Applier } from './applier.ts';
import { refuseEntries, refuseObstacles, sectionMissing } from './refuse.ts';
import { createUndo } from './undo.ts';

export interface DirectOptions {
  readonly configFile: string;
  readonly sectionName: string;
  readonly masterSocket: string;
  /** For names written as variables, e.g. `"$HOSTNAME"`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Checks the new file before it is put in place, where there is such a program. */
  readonly haproxyBin?: string | undefined;
  /** Milliseconds for the reload. Default 30 s. */
  readonly reloadTimeoutMs?: number | undefined;
  /** For --dry-run: reads, and puts nothing right. */
  readonly readOnly?: boolean | undefined;
}

/**
 * For images without the Data Plane API: rewrites only the lines of the peers section in haproxy.cfg and reloads
 * over the master socket. Nobody else may write the file while it runs.
 */
export function createDirectApplier(options: DirectOptions): Applier {
  const { configFile, sectionName, masterSocket, env, log, haproxyBin } = options;
  const undo = createUndo(configFile);
  const timeoutMs = options.reloadTimeoutMs ?? 30_000;

  /** The text that counts: what HAProxy has loaded, as far as a process before us may have left it in doubt. */
  async function load(): Promise<{ readonly text: string; readonly section: PeersSection }> {
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
    const section = readPeersSection(text, sectionName, env, `${ino}-${mtimeNs}-${size}`);
    return { text, section };
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
    await check(after);
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

  async function apply(changes: PeersChanges, signal: AbortSignal): Promise<Applied> {
    const { text, section } = await load();
    refuseObstacles(section);
    refuseEntries(changes);
    const remaining = remainingChanges(section, changes);
    if (!hasChanges(remaining)) return { reloaded: false, version: section.version, attempts: 1 };
    if (!section.exists && !remaining.create) throw sectionMissing(section);
    signal.throwIfAborted();
    await replace(text, editPeersSection(text, sectionName, remaining, env));
    return { reloaded: true, version: (await load()).section.version, attempts: 1 };
  }

  return {
    name: 'direct',
    async read() {
      return (await remotely(load)).section;
    },
    apply: (_base, changes, signal) => remotely(() => apply(changes, signal)),
    async reload(signal) {
      await reloadOverMaster(masterSocket, { timeoutMs, signal });
    },
    hardReload: (signal) => hardReload(masterSocket, { timeoutMs, signal }),
    async close() {},
  };
}

/** A file that cannot be read or written now may be later: the loop goes on, as with any remote fault. */
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
