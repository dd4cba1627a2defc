import type { AppError } from '../errors.ts';
import type { Log } from '../log.ts';

/** At most one warning a minute for each kind of trouble; the rest goes to debug. */
const repeatMs = 60_000;

export interface TroubleLog {
  failed(error: AppError, retryInMs: number): void;
  /** Says once that a trouble that was warned of is over. */
  well(): void;
}

/** `what`: the objects that are followed, in the plural. */
export function createTroubleLog(log: Log, now: () => number, what = 'pods'): TroubleLog {
  const warnedAt = new Map<string, number>();
  let warned = false;
  return {
    failed(error, retryInMs) {
      const { code, message, hint } = error;
      const fields = { code, reason: message, hint, retryInMs };
      if (now() - (warnedAt.get(code) ?? Number.NEGATIVE_INFINITY) < repeatMs) {
        log.debug(fields, `${what} cannot be followed at present`);
        return;
      }
      warnedAt.set(code, now());
      warned = true;
      log.warn(fields, `${what} cannot be followed at present`);
    },
    well() {
      if (warned) log.info(`${what} are followed again`);
      warned = false;
    },
  };
}
