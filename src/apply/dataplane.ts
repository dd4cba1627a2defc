import pRetry from 'p-retry';
import { createCaller } from '../dataplane/caller.ts';
import { createCommits } from '../dataplane/commits.ts';
import { createCredentials, fixedCredentials } from '../dataplane/credentials.ts';
import { nobodyListens, shouldRetry } from '../dataplane/failure.ts';
import { type CallInfo, createHttp } from '../dataplane/http.ts';
import { createJournal } from '../dataplane/journal.ts';
import type { Owner } from '../dataplane/owner.ts';
import { createPutBack } from '../dataplane/put-back.ts';
import { readConfig, type Seen, withObstacle } from '../dataplane/read-config.ts';
import { reloadsSettled } from '../dataplane/reloads.ts';
import { createTransactions } from '../dataplane/transactions.ts';
import { untilLoaded } from '../dataplane/until-loaded.ts';
import { errorMessage, RemoteError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { DataplaneAddress } from '../model/dataplane-address.ts';
import type { Applied, Applier } from './applier.ts';
import { createChange } from './change.ts';
import type { Configuration, Edit } from './edit.ts';

export interface DataplaneOptions {
  readonly address: DataplaneAddress;
  readonly user: string;
  readonly passwordFile: string;
  /** In place of the file. */
  readonly password?: string | undefined;
  /** The modules with entries in the file. */
  readonly owners: readonly Owner[];
  readonly log: Log;
  /** Milliseconds for one call. */
  readonly timeoutMs: number;
  /** Milliseconds for a call that validates and reloads. */
  readonly commitTimeoutMs: number;
  /** Retries of the whole transaction: `limit` retries, so `limit + 1` attempts. Default: 3, 200 ms, 2 s. */
  readonly retry?: RetrySettings;
  /** Where open transactions are noted, so that the next process finds its orphans. A directory that survives a container restart. */
  readonly stateDirectory?: string | undefined;
  /**
   * Reloads that the API cannot do. Only used while the API has no reload of its own to do, which ours could meet.
   */
  readonly overMaster?: OverMaster | undefined;
  /** For --dry-run: reads, but repairs nothing and removes no orphan. */
  readonly readOnly?: boolean | undefined;
  readonly onCall?: ((info: CallInfo) => void) | undefined;
}

export interface OverMaster {
  /** Only used if the API cannot reload, because its write before the reload would damage the file. */
  readonly reload: (signal: AbortSignal) => Promise<void>;
  /** False if HAProxy does not have the command. */
  readonly hardReload: (signal: AbortSignal) => Promise<boolean>;
}

export interface RetrySettings {
  readonly limit: number;
  readonly minMs: number;
  readonly maxMs: number;
}

const defaultRetry: RetrySettings = { limit: 3, minMs: 200, maxMs: 2_000 };

/**
 * The Data Plane API starts at the same time and listens within a second. Until then retries are evenly spaced,
 * because growing pauses would delay the readiness of every pod of a rollout. Other failures are retried with
 * back-off.
 */
function onceItListens<T>(
  run: () => Promise<T>,
  { limit, minMs }: RetrySettings,
  signal: AbortSignal,
) {
  const paceMs = minMs / 2;
  return pRetry(run, {
    retries: 3 * limit,
    minTimeout: paceMs,
    maxTimeout: paceMs,
    signal,
    shouldRetry: ({ error }) => nobodyListens(error),
  });
}

function postponed(attempt: number) {
  return { reloaded: false, postponed: true, attempts: attempt - 1 } as const;
}

/** Reads and changes haproxy.cfg over the Data Plane API, v3 or v2, whichever listens. */
export function createDataplaneApplier(options: DataplaneOptions): Applier {
  const { address, user, passwordFile, owners, log, onCall, overMaster } = options;
  const retry = options.retry ?? defaultRetry;
  const readOnly = options.readOnly === true;
  const credentials =
    options.password === undefined
      ? createCredentials(user, passwordFile)
      : fixedCredentials(user, options.password);
  const caller = createCaller(createHttp({ address, credentials, onCall }), options);
  const transactions = createTransactions(caller);
  const journal = createJournal(options.stateDirectory, log);
  const putBack = createPutBack(caller);
  const commits = createCommits({ transactions, putBack, journal, log, read: readNow });
  const { rehearse } = commits;
  const readAt = { transactions, putBack, rehearse, owners, log, readOnly };
  const change = createChange({
    caller,
    commits,
    journal,
    read: readNow,
    onDamage(text, why) {
      refused = { text, why };
    },
    loaded: (text, signal) => untilLoaded((stop) => allLoaded(text, stop), signal),
    log,
  });
  let last: Seen | undefined;
  /** The text that the API cannot write again without damage, and why. */
  let refused: { readonly text: string; readonly why: string } | undefined;
  /** The text that was parsed last. */
  let seen: Seen | undefined;

  async function readNow(signal: AbortSignal): Promise<Seen> {
    if (!readOnly) {
      await journal.load();
      await commits.dropOrphans();
    }
    last = undefined;
    seen = await readConfig(readAt, signal, seen);
    last = refused?.text === seen.text ? withObstacle(seen, refused.why) : seen;
    return last;
  }

  /**
   * Whether the worker has the entries of all modules; `undefined` if none is missing but at least one module cannot
   * tell.
   */
  async function allLoaded(text: string, signal: AbortSignal): Promise<boolean | undefined> {
    const told = await Promise.all(owners.map((owner) => owner.loaded(text, signal)));
    if (told.includes(false)) return false;
    return told.includes(undefined) ? undefined : true;
  }

  async function readOnce(signal: AbortSignal): Promise<Configuration> {
    const found = await readNow(signal);
    if (!journal.reloadDue()) return found;
    const loaded = await allLoaded(found.text, signal);
    if (loaded === false) return { ...found, reloadDue: true };
    if (loaded === true) await journal.setReloadDue(false);
    return found;
  }

  /** The API also reloads at its own times (`reload-delay`), and treats a reload that meets ours as failed. */
  async function reloadOnce(signal: AbortSignal): Promise<void> {
    const seen = await readNow(signal);
    last = undefined;
    try {
      await change.reload(seen, signal);
    } catch (error) {
      const cannot = error instanceof RemoteError && error.code === 'SECTION_UNMODELLED';
      if (!cannot || overMaster === undefined) throw error;
      log.info({ why: error.message }, 'reloaded over the master socket');
      await reloadsSettled(caller, log, signal);
      await overMaster.reload(signal);
      await journal.setReloadDue(false);
    }
  }

  function withRetries<T>(what: string, run: (attempt: number) => Promise<T>, signal: AbortSignal) {
    return pRetry(run, {
      retries: retry.limit,
      minTimeout: retry.minMs,
      maxTimeout: retry.maxMs,
      randomize: true,
      signal,
      shouldRetry: ({ error }) =>
        shouldRetry(error) && !(seen === undefined && nobodyListens(error)),
      onFailedAttempt: ({ error, attemptNumber, retriesLeft }) => {
        const code = error instanceof RemoteError ? error.code : undefined;
        log.debug(
          { what, attempt: attemptNumber, retriesLeft, code, error: errorMessage(error) },
          'an attempt on the Data Plane API failed',
        );
      },
    });
  }

  async function applyOnce(
    attempt: number,
    base: Configuration,
    edits: readonly Edit[],
    signal: AbortSignal,
  ): Promise<Applied> {
    const known = attempt === 1 && last?.version === base.version ? last : undefined;
    // Whatever happens now, our copy is outdated.
    last = undefined;
    const done = await change.run(known, edits, signal);
    return { ...done, attempts: attempt };
  }

  return {
    name: 'dataplane',
    read(signal) {
      const read = () => readOnce(signal);
      const first = () => onceItListens(read, retry, signal);
      return withRetries('read', seen === undefined ? first : read, signal);
    },
    async commit(base, edits, signal, mayRetry = async () => true) {
      let applied: Applied | undefined;
      try {
        return await withRetries(
          'apply',
          async (attempt): Promise<Applied> => {
            if (attempt > 1 && !(await mayRetry())) return postponed(attempt);
            applied = await applyOnce(attempt, base, edits, signal);
            return applied;
          },
          signal,
        );
      } catch (error) {
        // The abort came after the commit: the change is made, and must be reported.
        if (applied !== undefined) return applied;
        throw error;
      }
    },
    persist(_base, edits, signal) {
      const once = async () => {
        const found = await readNow(signal);
        last = undefined;
        return change.persist(found, edits, signal);
      };
      return withRetries('persist', once, signal);
    },
    reload(signal, mayRetry = async () => true) {
      const once = async (attempt: number) => {
        if (attempt > 1 && !(await mayRetry())) return postponed(attempt);
        await reloadOnce(signal);
        return { reloaded: true, attempts: attempt };
      };
      return withRetries('reload', once, signal);
    },
    async hardReload(signal) {
      if (overMaster === undefined) return false;
      await reloadsSettled(caller, log, signal);
      const done = await overMaster.hardReload(signal);
      if (done) await journal.setReloadDue(false);
      return done;
    },
    async close() {},
  };
}
