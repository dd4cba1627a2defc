import { expiresAtMs, readMaterial, type TlsSource } from '../../../haproxy/tls-material.ts';
import type { TlsMaterial } from '../../../model/peers-tls.ts';
import { namesOf } from './certificates.ts';
import type { TrustOptions } from './create-trust.ts';
import { readKeyFile } from './keys.ts';

/** What sidecars know each other by. */
export type TrustKind = 'key' | 'certificates' | 'plaintext';

/** The options that say so. */
export interface TrustConfig {
  readonly relayTrust: 'key' | 'certificates';
  readonly relayPlaintext: boolean;
  readonly relayPort: number;
  readonly relayKeyFile: string;
  readonly peersTlsCertificate: string;
  readonly peersTlsKey: string;
  readonly peersTlsCa: string;
}

export function trustKindOf({ relayTrust, relayPlaintext }: TrustConfig): TrustKind {
  return relayPlaintext ? 'plaintext' : relayTrust;
}

/**
 * The certificates that sidecars show each other, of a mounted Secret. `UserError` PEERS_TLS_INVALID with all that is wrong
 * with them, `AppError` FILE_READ_FAILED with all files that cannot be read.
 */
export function readCertificates(config: TrustConfig): Promise<TlsMaterial> {
  const from: TlsSource = {
    certificate: config.peersTlsCertificate,
    key: config.peersTlsKey,
    ca: config.peersTlsCa,
  };
  return readMaterial(from, ({ subjectAltName }) =>
    namesOf(subjectAltName).size > 0
      ? []
      : [
          `the certificate in ${from.certificate} has neither a DNS name nor a URI that all replicas share`,
        ],
  );
}

/** Where the links read it from, for each handshake. */
export function trustFiles(
  config: TrustConfig,
): Pick<TrustOptions, 'keys' | 'certificates' | 'plaintext'> {
  const kind = trustKindOf(config);
  return {
    keys: async () => (await readKeyFile(config.relayKeyFile)).keys,
    certificates: kind === 'certificates' ? () => readCertificates(config) : undefined,
    plaintext: kind === 'plaintext',
  };
}

/**
 * Looks whether there is what the sidecars are to know each other by, and returns what an operator should know of it. Throws
 * where it cannot be used. `wallNowMs`: the date, in milliseconds since the epoch.
 */
export async function checkTrust(
  config: TrustConfig,
  wallNowMs: number,
): Promise<readonly string[]> {
  switch (trustKindOf(config)) {
    case 'plaintext':
      return [
        `sidecars talk to each other without a key: who reaches port ${config.relayPort} can read and write every entry`,
      ];
    case 'key':
      return (await readKeyFile(config.relayKeyFile)).warnings;
    case 'certificates': {
      const ends = expiresAtMs(await readCertificates(config));
      // Not a reason to keep the pod from starting: HAProxy serves, and shares again when the renewed one is there.
      return ends > wallNowMs
        ? []
        : [
            `the certificate in ${config.peersTlsCertificate} has expired on ${new Date(ends).toISOString()}: no link is possible until it is renewed`,
          ];
    }
  }
}
