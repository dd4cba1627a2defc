import { AppError, errorMessage } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Version } from './version.ts';

/** What is wrong with the template that is mounted: said once, until it is another one or in force. */
export interface Complaint {
  about(version: Version, error: unknown): void;
  clear(): void;
  /** Null: nothing is wrong with it. */
  of(version: Version | null): string | null;
}

export function createComplaint(log: Log, onRefused: (message: string) => void): Complaint {
  let said: { readonly key: string; readonly message: string } | null = null;
  return {
    about({ key }, error) {
      const message = errorMessage(error);
      if (said?.key === key && said.message === message) return;
      said = { key, message };
      const { code, hint } = error instanceof AppError ? error : { code: 'BUG', hint: undefined };
      log.error({ code, hint, reason: message }, 'template refused: what is in force stays');
      onRefused(`${code}: ${message}`);
    },
    clear() {
      said = null;
    },
    of: (version) => (said !== null && said.key === version?.key ? said.message : null),
  };
}
