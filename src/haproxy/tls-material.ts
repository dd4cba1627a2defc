import { createPrivateKey, X509Certificate } from 'node:crypto';
import { dirname } from 'node:path';
import { AppError, errorMessage, UserError } from '../errors.ts';
import { type FileAccess, readText, writeFileAtomic } from '../files/files.ts';
import type { PeersTlsFiles, TlsMaterial } from '../model/peers-tls.ts';

/** Where the three parts lie, as in a Secret of cert-manager: tls.crt, tls.key, ca.crt. */
export interface TlsSource {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

const clientAuth = '1.3.6.1.5.5.7.3.2';
const serverAuth = '1.3.6.1.5.5.7.3.1';

/** The files that HAProxy reads, beside its configuration. */
export function tlsFiles(configFile: string, verifyHost?: string): PeersTlsFiles {
  const directory = dirname(configFile);
  return {
    bundle: `${directory}/peers-tls.pem`,
    ca: `${directory}/peers-tls-ca.pem`,
    verifyHost,
  };
}

function invalid(why: string, hint?: string): UserError {
  return new UserError('PEERS_TLS_INVALID', why, hint === undefined ? {} : { hint });
}

function certificates(text: string, path: string): readonly X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw invalid(`${path} holds no PEM certificate`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    throw invalid(`${path} holds a certificate that cannot be read`);
  }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function chains(chain: readonly X509Certificate[], cas: readonly X509Certificate[]): boolean {
  let current = chain[0];
  // A chain has no more links than certificates.
  for (let links = 0; current !== undefined && links <= chain.length; links++) {
    const link: X509Certificate = current;
    if (cas.some((ca) => ca.raw.equals(link.raw) || isIssuedBy(link, ca))) return true;
    current = chain.find((next) => !next.raw.equals(link.raw) && isIssuedBy(link, next));
  }
  return false;
}

function keyFits(certificate: X509Certificate, key: string, path: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    // What the library says could quote the key.
    throw invalid(`${path} holds no PEM private key without a passphrase`);
  }
}

/** What no peer would accept, besides what does not fit together; one sentence each. */
export type AlsoWrong = (leaf: X509Certificate) => readonly string[];

const bothUsages =
  'cert-manager: usages: [server auth, client auth] in the Certificate; openssl: extendedKeyUsage=serverAuth,clientAuth.';

/** The value, or what is said of it in `problems`. */
function readOr<T>(problems: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    problems.push(errorMessage(error));
    return undefined;
  }
}

/** UserError PEERS_TLS_INVALID with all for which HAProxy would refuse these, or no peer would accept them. */
export function checkMaterial(
  { certificate, key, ca }: TlsMaterial,
  from: TlsSource,
  alsoWrong: AlsoWrong = () => [],
): void {
  const problems: string[] = [];
  const chain = readOr(problems, () => certificates(certificate, from.certificate)) ?? [];
  const cas = readOr(problems, () => certificates(ca, from.ca));
  const leaf = chain[0];
  const fits = readOr(problems, () => leaf === undefined || keyFits(leaf, key, from.key));
  if (fits === false)
    problems.push(`${from.key} is not the key of the certificate in ${from.certificate}`);
  if (leaf !== undefined && cas !== undefined && !chains(chain, cas))
    problems.push(`the certificate in ${from.certificate} is not of the CA in ${from.ca}`);
  // Both sides show the same certificate, whoever has connected.
  const usages: readonly string[] = leaf?.keyUsage ?? [];
  const oneSide =
    usages.length > 0 && !(usages.includes(clientAuth) && usages.includes(serverAuth));
  if (oneSide)
    problems.push(`the certificate in ${from.certificate} is not for both server and client`);
  if (leaf !== undefined) problems.push(...alsoWrong(leaf));
  if (problems.length > 0) throw invalid(problems.join('; '), oneSide ? bothUsages : undefined);
}

/** A PEM text in the form that HAProxy takes as the payload of a command: no empty lines, a line end at the end. */
function tidy(text: string): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return `${lines.join('\n')}\n`;
}

/** All three at once; who cannot be read is told with the others that cannot. */
async function readOnce(from: TlsSource): Promise<TlsMaterial> {
  const paths = [from.certificate, from.key, from.ca];
  const read = await Promise.allSettled(paths.map(async (path) => tidy(await readText(path))));
  const failures = read.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  const [first] = failures;
  if (failures.length > 1 && first instanceof AppError)
    throw new AppError(first.code, failures.map(errorMessage).join('; '), { cause: first });
  if (failures.length > 0) throw first;
  const [certificate = '', key = '', ca = ''] = read.map((each) =>
    each.status === 'fulfilled' ? each.value : '',
  );
  return { certificate, key, ca };
}

/**
 * The certificates of a mounted Secret, checked. Kubelet replaces all files of it in one step, which can fall between
 * two of our reads: then they do not fit together, and are read again. `UserError` PEERS_TLS_INVALID, `AppError`
 * FILE_READ_FAILED.
 */
export async function readMaterial(from: TlsSource, alsoWrong?: AlsoWrong): Promise<TlsMaterial> {
  for (let tries = 1; ; tries++) {
    const material = await readOnce(from);
    try {
      checkMaterial(material, from, alsoWrong);
      return material;
    } catch (error) {
      if (tries === 3) throw error;
    }
  }
}

/** The leaf's last day, in milliseconds since the epoch. */
export function expiresAtMs({ certificate }: Pick<TlsMaterial, 'certificate'>): number {
  return Date.parse(new X509Certificate(certificate).validTo);
}

export function bundleOf({ certificate, key }: TlsMaterial): string {
  return certificate + key;
}

/** Writes what HAProxy reads. Without `access` existing files keep mode and owner. */
export async function writeTlsFiles(
  files: PeersTlsFiles,
  material: TlsMaterial,
  access?: FileAccess,
): Promise<void> {
  await writeFileAtomic(files.bundle, bundleOf(material), access);
  await writeFileAtomic(files.ca, material.ca, access);
}
