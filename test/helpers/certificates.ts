import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TlsMaterial } from '../../src/model/peers-tls.ts';
import { makeFolder } from './temporary-folder.ts';

export interface IssueOptions {
  /** Subject's common name; default `haproxy-peers`. */
  readonly name?: string;
  readonly dnsName?: string;
  /** Days until it ends; default 30. */
  readonly days?: number;
  readonly usage?: string;
}

/** A CA made with openssl: each `issue` gives a new key and certificate of it. */
export interface TestCa {
  readonly certificate: string;
  issue(options?: IssueOptions): TlsMaterial;
}

const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

export function createCa(directory: string, name = 'test-ca'): TestCa {
  const own = makeFolder('ca-', directory);
  const file = (part: string) => join(own, part);
  const out = ['-keyout', file('ca.key'), '-out', file('ca.crt')];
  const usage = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  openssl('req', '-x509', ...ec, '-days', '30', ...out, '-subj', `/CN=${name}`, ...usage);
  const certificate = readFileSync(file('ca.crt'), 'utf8');
  let issued = 0;
  return {
    certificate,
    issue({
      name: subject = 'haproxy-peers',
      dnsName = subject,
      days = 30,
      usage: extended = 'serverAuth,clientAuth',
    } = {}) {
      issued += 1;
      const [key, csr, crt, ext] = ['key', 'csr', 'crt', 'ext'].map((kind) =>
        file(`${issued}.${kind}`),
      );
      const extensions = [`subjectAltName=DNS:${dnsName}`, `extendedKeyUsage=${extended}`];
      writeFileSync(ext ?? '', `${extensions.join('\n')}\n`);
      openssl(
        'req',
        '-new',
        ...ec,
        '-keyout',
        key ?? '',
        '-out',
        csr ?? '',
        '-subj',
        `/CN=${subject}`,
      );
      const ca = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial'];
      const rest = ['-days', String(days), '-extfile', ext ?? '', '-out', crt ?? ''];
      openssl('x509', '-req', '-in', csr ?? '', ...ca, ...rest);
      const [keyText = '', text = ''] = [key, crt].map((path) => readFileSync(path ?? '', 'utf8'));
      return { certificate: text, key: keyText, ca: certificate };
    },
  };
}

/** A mounted Secret as kubelet makes it: every file is a link through `..data`, which is replaced in one step. */
export interface MountedSecret {
  readonly directory: string;
  readonly flags: readonly string[];
  replace(material: TlsMaterial): void;
}

export function mountSecret(directory: string, material: TlsMaterial): MountedSecret {
  mkdirSync(directory, { recursive: true });
  const names = { 'tls.crt': 'certificate', 'tls.key': 'key', 'ca.crt': 'ca' } as const;
  let present = '';

  function put(next: TlsMaterial): void {
    const version = makeFolder('..version-', directory);
    for (const [name, part] of Object.entries(names))
      writeFileSync(join(version, name), next[part]);
    symlinkSync(version, join(directory, '..data_tmp'));
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
    if (present !== '') rmSync(present, { recursive: true });
    present = version;
  }

  put(material);
  for (const name of Object.keys(names)) symlinkSync(join('..data', name), join(directory, name));
  return {
    directory,
    flags: [
      '--peers-tls',
      `--peers-tls-certificate=${join(directory, 'tls.crt')}`,
      `--peers-tls-key=${join(directory, 'tls.key')}`,
      `--peers-tls-ca=${join(directory, 'ca.crt')}`,
    ],
    replace: put,
  };
}
