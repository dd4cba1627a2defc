import { AppError, errorMessage } from '../../../errors.ts';
import { bundleOf, expiresAtMs } from '../../../haproxy/tls-material.ts';
import type { Log } from '../../../log.ts';
import type { TlsMaterial } from '../../../model/peers-tls.ts';

export interface WatchCertificatesOptions {
  readonly read: () => Promise<TlsMaterial>;
  readonly log: Log;
  /** When those that are there end, in milliseconds since the epoch. */
  readonly onExpiry: (atMs: number) => void;
}

/**
 * One look at the certificates of the links, for an operator: a link that is up needs none, so that for days nobody would
 * notice that those in the Secret have not been renewed, or cannot be used. Never rejects.
 */
export function watchCertificates({ read, log, onExpiry }: WatchCertificatesOptions) {
  let last: string | undefined;
  let complained: string | undefined;

  return async (): Promise<void> => {
    try {
      const material = await read();
      const endsAtMs = expiresAtMs(material);
      onExpiry(endsAtMs);
      complained = undefined;
      const text = bundleOf(material) + material.ca;
      if (text === last) return;
      log.info(
        { expires: new Date(endsAtMs) },
        last === undefined
          ? 'certificates of the links'
          : 'renewed certificates are there: the next link takes them, and those that are up stay',
      );
      last = text;
    } catch (error) {
      const message = errorMessage(error);
      if (message === complained) return;
      complained = message;
      const code = error instanceof AppError ? error.code : 'BUG';
      log.error({ code, hint: 'those that were read before stay in force' }, message);
    }
  };
}
