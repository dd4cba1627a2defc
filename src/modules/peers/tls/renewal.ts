import type { Module, ModuleRequest } from '../../../engine/module.ts';
import { AppError, errorMessage } from '../../../errors.ts';
import { readText } from '../../../files/files.ts';
import type { CertificateKind } from '../../../haproxy/certificates.ts';
import { bundleOf, expiresAtMs, writeTlsFiles } from '../../../haproxy/tls-material.ts';
import type { Log } from '../../../log.ts';
import type { PeersTlsFiles, TlsMaterial } from '../../../model/peers-tls.ts';

export interface RenewalOptions {
  readonly files: PeersTlsFiles;
  /** The certificates of the mounted Secret. */
  readonly read: () => Promise<TlsMaterial>;
  /** Gives HAProxy another text for a file it has loaded; false when it does not take it. */
  readonly replace: (
    kind: CertificateKind,
    file: string,
    pem: string,
    signal: AbortSignal,
  ) => Promise<boolean>;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly onOutcome: (outcome: RenewalOutcome) => void;
  /** When the certificate in force ends, in milliseconds since the epoch. */
  readonly onExpiry: (atMs: number) => void;
}

export type RenewalOutcome = 'renewed' | 'reload' | 'failed';

export interface Renewal extends Module {
  request(): ModuleRequest | null;
  /** Compares the Secret with what HAProxy has, and takes over what is new. Never throws. */
  runtime(full: boolean, signal: AbortSignal): Promise<void>;
  prepare(): Promise<void>;
  reloaded(): void;
}

/**
 * Takes renewed certificates over without a reload where HAProxy can, else with one that passes the gate. HAProxy is
 * told first and its files are written afterwards: whatever ends this program in between, or reloads HAProxy, the files
 * differ from the Secret and all of it is done again.
 */
export function createRenewal(options: RenewalOptions): Renewal {
  const { files, log } = options;
  let waiting: TlsMaterial | null = null;
  let waitingSinceMs = 0;
  let complained = '';

  async function takeOver(signal: AbortSignal): Promise<void> {
    const material = await options.read();
    const bundle = bundleOf(material);
    if (waiting !== null && bundleOf(waiting) === bundle && waiting.ca === material.ca) return;
    const newBundle = (await readText(files.bundle)) !== bundle;
    const newCa = (await readText(files.ca)) !== material.ca;
    if (!newBundle && !newCa) {
      options.onExpiry(expiresAtMs(material));
      waiting = null;
      return;
    }
    // The certificate first: HAProxy 2.6 and 3.0 lose track of it when the CA is replaced.
    const taken =
      (!newBundle || (await options.replace('cert', files.bundle, bundle, signal))) &&
      (!newCa || (await options.replace('ca-file', files.ca, material.ca, signal)));
    if (!taken) {
      waiting = material;
      waitingSinceMs = options.now();
      log.warn({ newCa }, 'HAProxy does not take the renewed certificate over: it needs a reload');
      return;
    }
    await writeTlsFiles(files, material);
    options.onExpiry(expiresAtMs(material));
    waiting = null;
    options.onOutcome('renewed');
    const expires = new Date(expiresAtMs(material));
    log.info({ newCa, expires }, 'renewed certificate taken over without a reload');
  }

  return {
    name: 'peers-tls',
    async runtime(full, signal) {
      if (!full) return;
      try {
        await takeOver(signal);
        complained = '';
      } catch (error) {
        if (signal.aborted) return;
        const message = errorMessage(error);
        if (message === complained) return;
        complained = message;
        options.onOutcome('failed');
        const code = error instanceof AppError ? error.code : 'BUG';
        log.error({ code, hint: 'the certificates in force stay' }, message);
      }
    },
    request: () =>
      waiting === null
        ? null
        : {
            ...{ module: 'peers-tls', urgency: 'burst', via: 'reload', sinceMs: waitingSinceMs },
            reasons: ['a renewed certificate needs a reload'],
            edits: [],
          },
    async prepare() {
      if (waiting !== null) await writeTlsFiles(files, waiting);
    },
    reloaded() {
      if (waiting !== null) {
        options.onOutcome('reload');
        options.onExpiry(expiresAtMs(waiting));
      }
      waiting = null;
    },
  };
}
