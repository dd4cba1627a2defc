import type { TlsMaterial } from '../../../model/peers-tls.ts';
import { createCertificates } from './certificates.ts';
import { createKeyring } from './keyring.ts';
import { connectPlain, connectSecure, secureAccepted } from './secure.ts';
import type { Trust } from './trust.ts';

export interface TrustOptions {
  readonly keys: () => Promise<readonly Buffer[]>;
  readonly certificates?: (() => Promise<TlsMaterial>) | undefined;
  readonly plaintext: boolean;
  readonly now: () => number;
  readonly trouble: (why: string) => void;
}

/** Neither encryption nor proof. */
export const plain: Trust = {
  code: 'broken',
  lack: 'nothing',
  ways: async () => [{ name: 'plain text', connect: connectPlain }],
  accept: async (raw) => raw,
};

export function createTrust({ keys, certificates, plaintext, ...rest }: TrustOptions): Trust {
  if (plaintext) return plain;
  if (certificates !== undefined) return createCertificates({ read: certificates, ...rest });
  const read = createKeyring({ read: keys, ...rest });
  return {
    code: 'key',
    lack: 'no key of ours',
    ways: async () =>
      (await read()).map((key) => ({
        name: key.identity,
        connect: (to, signal) => connectSecure(to, key, signal),
      })),
    accept: async (raw) => secureAccepted(raw, await read()),
  };
}
