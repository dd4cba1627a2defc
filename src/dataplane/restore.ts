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

/** A change that HAProxy could not load. */
export interface Attempt {
  readonly own: readonly OwnEntries[];
  /** What the API wrote of what was `seen`, with our change. */
  readonly written: string;
}

/**
 * After a failed reload the API puts back the last file that was loaded (dataplaneapi reload_agent.go). Where that is
 * older than what our change began with, somebody had committed whose own reload was still to come, and ours took it
 * away: what was `seen`, his commit without ours, is loaded now. Versions do not tell, since the API counts anew from a file
 * that has none; the lines do. The worker did not change, so what allowed our reload allows this one.
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
    // Our change may still stand there for a moment. Whatever else comes after that is somebody's again, and his to load.
    if (!saysTheSame(text, written)) {
      if (found !== undefined && !saysTheSame(text, found)) return;
      found = text;
    }
    await putBack({
      ...{ text: seen.text, version, how: 'load', own },
      obstacles: seen.obstacles,
      rehearse: async () => written,
    });
    log.warn('the failed reload had taken back the commit of somebody else: it is loaded again');
  }

  for (let attempt = 1; ; attempt++) {
    try {
      return await once();
    } catch (error) {
      // The API notices the file that it has put back: it counts it as a version, and knows no user while it reads it.
      if (!shouldRetry(error) || attempt === tries) throw error;
    }
    await sleep(againMs, signal);
  }
}
