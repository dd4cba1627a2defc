import { type CommandOptions, command } from './socket.ts';

/** `cert`: certificate and key in one text. `ca-file`: the CA's certificates. */
export type CertificateKind = 'cert' | 'ca-file';

/**
 * Gives the running HAProxy another text for a certificate file that its configuration names, without a reload; the
 * file itself is not touched (management manual, `set ssl cert`, `set ssl ca-file`; there from 2.2 and 2.5 on).
 * False when it refuses, or when nothing has taken it over: HAProxy writes one dot for each `bind` and `server` that it
 * has put right, and 2.6 and 3.0 have lost track of them after a `commit ssl ca-file` (seen; 3.4 has not).
 * `RemoteError` HAPROXY_UNREACHABLE.
 */
export async function replaceCertificate(
  adminSocket: string,
  kind: CertificateKind,
  file: string,
  pem: string,
  options: CommandOptions = {},
): Promise<boolean> {
  const set = await command(adminSocket, `set ssl ${kind} ${file}`, { ...options, payload: pem });
  if (!/^transaction (created|updated)/im.test(set)) return false;
  const done = await command(adminSocket, `commit ssl ${kind} ${file}`, options);
  const committed = /^Success!/m.test(done);
  if (!committed) await command(adminSocket, `abort ssl ${kind} ${file}`, options);
  return committed && done.includes(`Committing ${file}.`);
}
