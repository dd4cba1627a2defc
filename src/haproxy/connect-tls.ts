import type { TcpSocketConnectOpts } from 'node:net';
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import type { TlsMaterial } from '../model/peers-tls.ts';

/** TLS as HAProxy of this pod would speak it: with the certificate of the peers. */
export interface HelloTls extends TlsMaterial {
  readonly verifyHost?: string | undefined;
}

/** Connects as HAProxy does to a peer: the CA says who is one, and no certificate names the address of a pod. */
export function connectTls(to: TcpSocketConnectOpts, tls: HelloTls): TLSSocket {
  const { certificate: cert, key, ca, verifyHost } = tls;
  return connect({
    ...{ ...to, cert, key, ca },
    checkServerIdentity: (_, certificate) =>
      verifyHost === undefined ? undefined : checkServerIdentity(verifyHost, certificate),
  });
}
