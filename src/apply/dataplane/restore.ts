import { sleep } from '../../clock.ts';
import { RemoteError } from '../../errors.ts';
import type { OwnEntries } from '../../haproxy/foreign-lines.ts';
import { damages } from '../../haproxy/surviving-lines.ts';
import type { Log } from '../../log.ts';
import type { Seen } from './look.ts';
import type { PutsBack } from './put-back.ts';
import type { Transactions } from './transactions.ts';

const tries = 5;
const againMs = 200;

export interface RestoreOptions {
  readonly transactions: Transactions;
  readonly putBack: PutsBack;
  readonly log: Log;
}

/** What failed. */
export interface Attempt {
  readonly own: OwnEntries;
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
  for (let attempt = 1; attempt <= tries; attempt++) {
    const { text, version } = await transactions.raw(signal);
    if (sameLines(text, seen.text)) return;
    // Our change may still stand there for a moment. Whatever else comes after that is somebody's again, and his to load.
    if (!sameLines(text, written)) {
      if (found !== undefined && !sameLines(text, found)) return;
      found = text;
    }
    try {
      await putBack({
        ...{ text: seen.text, version, how: 'load', own },
        obstacles: seen.section.obstacles,
        rehearse: async () => written,
      });
      log.warn('the failed reload had taken back the commit of somebody else: it is loaded again');
      return;
    } catch (error) {
      // The API noticed the file that it has put back, and counts it as a version.
      if (!(error instanceof RemoteError) || error.code !== 'DATAPLANE_CONFLICT') throw error;
    }
    await sleep(againMs, signal);
  }
}

const nothing = { section: '', names: new Set<string>(), env: {} };

function sameLines(a: string, b: string): boolean {
  return damages(a, b, nothing).length === 0 && damages(b, a, nothing).length === 0;
}
