/*
 * TLS 1.3 with a pre-shared key, and nothing else: who does not have the key is refused by the first message, before
 * any key exchange is reckoned, and every connection has its own keys (psk_dhe_ke). Node 22 and 24 have it.
 */

import { createHash } from 'node:crypto';
import { connect as connectTcp, type Socket, type TcpSocketConnectOpts } from 'node:net';
import {
  connect,
  createSecureContext,
  type PSKCallbackNegotation,
  TLSSocket,
  type TLSSocketOptions,
  type TlsOptions,
} from 'node:tls';

/** A pre-shared key, and what it is called on the network. */
export interface Key {
  readonly identity: string;
  readonly secret: Buffer;
}

/**
 * One for all connections: to make one takes milliseconds. The suites with SHA-256, which pre-shared keys from outside of
 * TLS need (RFC 8446, 4.2.11), and no CA, so no certificate of anybody is good.
 */
const secureContext = createSecureContext({
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
  ca: [],
});

/** Identity: the first 8 bytes of the key's SHA-256, as hex. */
export function keyOf(secret: Buffer): Key {
  const identity = createHash('sha256').update(secret).digest('hex').slice(0, 16);
  return { identity, secret };
}

function failure(error: Error | undefined): Error {
  return error ?? new Error('closed during the handshake');
}

/** As the server: any of the keys is right. Rejects where the other side has none of them. */
export function secureAccepted(raw: Socket, keys: readonly Key[]): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (raw.destroyed) throw failure(undefined);
    let identity: string | undefined;
    // As tls.Server does it: the option is not among those that are documented, and without it nobody is let in.
    const options: TLSSocketOptions & Pick<TlsOptions, 'pskCallback'> = {
      isServer: true,
      secureContext,
      pskCallback(_, named) {
        const key = keys.find((each) => each.identity === named);
        identity = key?.identity;
        return key?.secret ?? null;
      },
    };
    const socket = new TLSSocket(raw, options);
    socket.on('error', reject);
    socket.once('close', () => reject(failure(undefined)));
    socket.once('secure', () => {
      // A ticket of an earlier session would do without a key, one that is no longer in force perhaps.
      if (identity !== undefined) resolve(socket);
      else socket.destroy(new Error('no key was shown'));
    });
  });
}

/** As the client, with one key. Rejects with what the system or TLS says; destroys the socket when the signal aborts. */
export function connectSecure(
  to: TcpSocketConnectOpts,
  { identity, secret }: Key,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = connect({
    ...to,
    secureContext,
    // Only asked where the server has shown a certificate in place of the key.
    checkServerIdentity: () => new Error('the other side has no key'),
    pskCallback: (): PSKCallbackNegotation => ({ psk: secret, identity }),
  });
  return connected(socket, 'secureConnect', signal);
}

export function connectPlain(to: TcpSocketConnectOpts, signal: AbortSignal): Promise<Socket> {
  return connected(connectTcp(to), 'connect', signal);
}

/** Resolves once it has shown the event. */
export function connected(socket: Socket, event: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const abort = () => socket.destroy(new Error('given up'));
    signal.addEventListener('abort', abort, { once: true });
    socket.on('error', reject);
    socket.once('close', () => {
      signal.removeEventListener('abort', abort);
      reject(failure(undefined));
    });
    socket.once(event, () => {
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
    if (signal.aborted) abort();
  });
}
