/** Certificates for TLS between peers, as PEM text: one leaf certificate and the chain to its CA, its key, the CA. */
export interface TlsMaterial {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

/** What HAProxy reads: it is named in haproxy.cfg, so the names never change. */
export interface PeersTlsFiles {
  /** Certificate, chain and key in one file, the only form that HAProxy 2.4 to 3.4 take without a global setting. */
  readonly bundle: string;
  readonly ca: string;
  /** A DNS name that every sibling's certificate must have; without it any certificate of the CA is taken. */
  readonly verifyHost?: string | undefined;
}
