import { sleep } from '../../clock.ts';
import { AppError, errorMessage } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Look } from './look.ts';
import { keyOf } from './version.ts';

export interface FollowOptions {
  readonly look: () => Promise<Look>;
  /** Between two looks, in milliseconds. */
  readonly lookMs: number;
  /**
   * What two looks in a row have found, which is whole then; with each look, also after it has thrown. True: a pass is due.
   */
  readonly onWhole: (look: Look, key: string) => Promise<boolean>;
  /** Once for each reason. */
  readonly onUnreadable: (message: string) => void;
  readonly log: Log;
}

export interface Follower {
  /** Looks until `signal` aborts. Never throws. */
  follow(poke: () => void, signal: AbortSignal): Promise<void>;
  /** Why it cannot be read; null: it can. */
  unreadable(): string | null;
}

export function createFollower(options: FollowOptions): Follower {
  let before = '';
  let failures = 0;
  let said: string | null = null;

  async function lookOnce(poke: () => void): Promise<void> {
    const found = await options.look().catch((error: unknown) => {
      before = '';
      throw error;
    });
    const key = keyOf(found);
    const isWhole = key === before;
    before = key;
    if (!isWhole) return;
    if (await options.onWhole(found, key)) poke();
    failures = 0;
    said = null;
  }

  function fail(error: unknown): void {
    failures += 1;
    const message = errorMessage(error);
    // Once is the moment in which a link is swapped.
    if (failures === 1 || message === said) return;
    said = message;
    const code = error instanceof AppError ? error.code : 'BUG';
    options.log.error({ code, reason: message }, 'template unreadable: what is in force stays');
    options.onUnreadable(message);
  }

  return {
    async follow(poke, signal) {
      while (!signal.aborted) {
        await lookOnce(poke).catch(fail);
        await sleep(options.lookMs, signal).catch(() => {});
      }
    },
    unreadable: () => said,
  };
}
