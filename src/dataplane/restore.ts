import { sleep } from '../clock.ts';
import type { OwnEntries } from '../config-text/foreign-lines.ts';
import { saysTheSame } from '../config-text/surviving-lines.ts';
import type { Log } from '../log.ts';
import { shouldRetry } from './failure.ts';
import type { PutsBack } from './put-back.ts';
import type { Seen } from './read-config.ts';
import type { Transactions } from './transactions.ts';

const tries = 10;
const againMs = 200;

export interface RestoreOptions {
  readonly transactions: Transactions;
  readonly putBack: PutsBack;
  readonly log: Log;
}

/** A change that HAProxy failed to load. */
export interface Attempt {
  readonly own: readonly OwnEntries[];
  /** What the API wrote for the text that was `seen`, with our change. */
  readonly written: string;
}

/**
 * After a failed reload the API restores the last loaded file (dataplaneapi reload_agent.go). If that is older than
 * the file our change started from, it lacks a commit of another client whose reload was still due. Then the text that
 * was `seen`, with that commit and without our change, is loaded now. Lines are compared instead of versions, because
 * the API restarts its count for a file without a version. The worker has not changed, so the reasons that allowed our
 * reload still hold.
 */
export async function restore(
  { transactions, putBack, log }: RestoreOptions,
  seen: Seen,
  { own, written }: Attempt,
  signal: AbortSignal,
): Promise<void> {
  let found: string | undefined;

  async function once(): Promise<void> {
    const { text, version } = await transactions.raw(signal);
    if (saysTheSame(text, seen.text)) return;
    // Our change may still be in the file for a moment. Any other text comes from another client, which loads it
    // itself.
    if (!saysTheSame(text, written)) {
      if (found !== undefined && !saysTheSame(text, found)) return;
      found = text;
    }
    await putBack({
      ...{ text: seen.text, version, how: 'load', own },
      obstacles: seen.obstacles,
      rehearse: async () => written,
    });
    log.warn('the failed reload took back the commit of another client: it is loaded again');
  }

  for (let attempt = 1; ; attempt++) {
    try {
      return await once();
    } catch (error) {
      // The API counts the restored file as a new version, and knows no user while it reads it.
      if (!shouldRetry(error) || attempt === tries) throw error;
    }
    await sleep(againMs, signal);
  }
}
