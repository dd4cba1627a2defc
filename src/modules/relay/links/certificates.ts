/*
 * Mutual TLS 1.3: the CA alone does not say that somebody is a replica, because it may be that of the whole cluster. Who
 * is one has a certificate with a name of ours: the DNS name of a Certificate of cert-manager, or a SPIFFE ID.
 */

import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  connect,
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import type { TlsMaterial } from '../../../model/peers-tls.ts';
import { createFresh, type FreshOptions } from './fresh.ts';
import { connected } from './secure.ts';
import type { Trust } from './trust.ts';

interface Certificate {
  readonly material: TlsMaterial;
  readonly context: SecureContext;
  readonly names: ReadonlySet<string>;
}

type SecureVersions = Pick<SecureContextOptions, 'minVersion' | 'maxVersion'>;

const versions = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;

/**
 * The DNS names and URIs of a certificate, from the text that Node makes of its subjectAltName. Where that has quotes
 * (CVE-2021-44532) the name could pass for another one, and is left out, as is what every machine is called.
 */
export function namesOf(subjectAltName = ''): ReadonlySet<string> {
  const entries = subjectAltName.matchAll(/(\w[\w ]*):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g);
  const names = [...entries].flatMap(([, kind, name = '']) => {
    if (name.startsWith('"') || name === '') return [];
    if (kind === 'URI') return [`URI:${name}`];
    return kind === 'DNS' && name !== 'localhost' ? [`DNS:${name.toLowerCase()}`] : [];
  });
  return new Set(names);
}

/** What is wrong with a certificate beside ours; undefined where they have a name in common. */
export function strangerBy(own: ReadonlySet<string>, subjectAltName?: string): string | undefined {
  const theirs = namesOf(subjectAltName);
  if ([...own].some((name) => theirs.has(name))) return undefined;
  const list = (names: ReadonlySet<string>) => [...names].join(', ') || 'no name';
  return `its certificate has ${list(theirs)}, and ours ${list(own)}: none in common`;
}

function certificateOf(material: TlsMaterial, before: Certificate | undefined): Certificate {
  const { certificate: cert, key, ca } = material;
  const old = before?.material;
  if (before && old?.certificate === cert && old.key === key && old.ca === ca) return before;
  const names = namesOf(new X509Certificate(cert).subjectAltName);
  if (names.size === 0)
    throw new Error('our certificate has neither a DNS name nor a URI that replicas could share');
  return { material, context: createSecureContext({ cert, key, ca, ...versions }), names };
}

/** The certificates are read for each handshake, so a renewed one is taken by the next link; those that are up stay. */
export function createCertificates({ read, ...rest }: FreshOptions<TlsMaterial>): Trust {
  let last: Certificate | undefined;
  const fresh = createFresh({
    ...rest,
    async read() {
      last = certificateOf(await read(), last);
      return last;
    },
  });

  return {
    code: 'certificate',
    lack: 'no certificate of a replica',
    async ways() {
      const own = await fresh();
      if (own === undefined) return [];
      const check = (text: string | undefined) => {
        const why = strangerBy(own.names, text);
        return why === undefined ? undefined : new Error(why);
      };
      const options = { secureContext: own.context, ...versions };
      return [
        {
          name: [...own.names].join(', '),
          connect: (to, signal) =>
            connected(
              connect({
                ...to,
                ...options,
                checkServerIdentity: (_, { subjectaltname }) => check(subjectaltname),
              }),
              'secureConnect',
              signal,
            ),
        },
      ];
    },
    async accept(raw) {
      const own = await fresh();
      if (own === undefined) throw new Error('we have no certificate');
      return accepted(raw, { ...own.material, ...versions }, (socket) =>
        strangerBy(own.names, socket.getPeerCertificate().subjectaltname),
      );
    },
  };
}

/**
 * A server of one connection: it has the certificate and the checks that are documented. Whoever has connected shows a
 * certificate of the CA, and `strange` says what is wrong with it. Rejects where something is.
 */
export function accepted(
  raw: Socket,
  { certificate: cert, key, ca, ...versions }: TlsMaterial & SecureVersions,
  strange: (socket: TLSSocket) => string | undefined,
): Promise<Socket> {
  const demands = { requestCert: true, rejectUnauthorized: true } as const;
  const server = createServer({ cert, key, ca, ...demands, ...versions });
  return new Promise((resolve, reject) => {
    server.once('secureConnection', (socket: TLSSocket) => {
      const why = socket.isSessionReused()
        ? 'it has shown no certificate but an earlier session'
        : strange(socket);
      if (why === undefined) resolve(socket);
      else {
        reject(new Error(why));
        socket.destroy();
      }
    });
    server.once('tlsClientError', (error) => {
      reject(error);
      raw.destroy();
    });
    raw.once('close', () => reject(new Error('closed during the handshake')));
    server.emit('connection', raw);
  });
}
