import type { Config } from '../../../config/values.ts';
import type { HelloTls } from '../../../haproxy/connect-tls.ts';
import { readMaterial, type TlsSource, tlsFiles } from '../../../haproxy/tls-material.ts';
import type { PeersTlsFiles } from '../../../model/peers-tls.ts';

type TlsConfig = Pick<
  Config,
  | 'haproxyConfig'
  | 'peersTls'
  | 'peersTlsCertificate'
  | 'peersTlsKey'
  | 'peersTlsCa'
  | 'peersTlsVerifyHost'
>;

/** The files that HAProxy reads, when peers speak TLS. */
export function peersTlsFiles(config: TlsConfig): PeersTlsFiles | undefined {
  return config.peersTls ? tlsFiles(config.haproxyConfig, config.peersTlsVerifyHost) : undefined;
}

export function peersTlsSource(config: TlsConfig): TlsSource {
  const { peersTlsCertificate: certificate, peersTlsKey: key, peersTlsCa: ca } = config;
  return { certificate, key, ca };
}

/** What peers that speak TLS show each other, and ask for. Throws as `readMaterial` does. */
export async function readPeersTls(config: TlsConfig): Promise<HelloTls> {
  const material = await readMaterial(peersTlsSource(config));
  return { ...material, verifyHost: config.peersTlsVerifyHost };
}

/** What a hello needs to be heard, when peers speak TLS. Throws as `readMaterial` does. */
export async function helloTls(config: TlsConfig): Promise<HelloTls | undefined> {
  return config.peersTls ? readPeersTls(config) : undefined;
}
