import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  bundleOf,
  checkMaterial,
  expiresAtMs,
  readMaterial,
  tlsFiles,
  writeTlsFiles,
} from '../../../src/haproxy/tls-material.ts';
import type { TlsMaterial } from '../../../src/model/peers-tls.ts';
import { createCa, mountSecret, type TestCa } from '../../helpers/certificates.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';

const from = { certificate: 'tls.crt', key: 'tls.key', ca: 'ca.crt' };
const directory = suiteFolder();
let ca: TestCa;
let other: TestCa;
let good: TlsMaterial;
beforeAll(() => {
  ca = createCa(directory);
  other = createCa(directory, 'other');
  good = ca.issue();
});

function problem(part: Partial<TlsMaterial>): string {
  try {
    checkMaterial({ ...good, ...part }, from);
    return '';
  } catch (error) {
    expect(error).toMatchObject({ code: 'PEERS_TLS_INVALID' });
    return error instanceof Error ? error.message : 'no error';
  }
}

describe('checkMaterial', () => {
  it('takes what fits together, also with a CA among others and the CA in the chain', () => {
    expect(problem({})).toBe('');
    expect(problem({ ca: other.certificate + ca.certificate })).toBe('');
    expect(problem({ certificate: good.certificate + ca.certificate })).toBe('');
  });

  it.each([
    ['a key of another certificate', () => ({ key: ca.issue().key }), 'is not the key'],
    ['another CA', () => ({ ca: other.certificate }), 'is not of the CA'],
    ['no certificate', () => ({ certificate: '' }), 'tls.crt holds no PEM certificate'],
    ['no CA', () => ({ ca: 'hello' }), 'ca.crt holds no PEM certificate'],
    ['no key', () => ({ key: 'hello' }), 'tls.key holds no PEM private key'],
    [
      'a certificate that cannot be read',
      () => ({ certificate: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }),
      'cannot be read',
    ],
    ['one for servers only', () => ca.issue({ usage: 'serverAuth' }), 'both server and client'],
  ])('refuses %s', (_, part, expected) => {
    expect(problem(part())).toContain(expected);
  });

  it('tells all that is wrong at once', () => {
    const all = problem({
      ...other.issue({ usage: 'serverAuth' }),
      ca: ca.certificate,
      key: 'hello',
    });

    expect(all.split('; ')).toEqual([
      'tls.key holds no PEM private key without a passphrase',
      'the certificate in tls.crt is not of the CA in ca.crt',
      'the certificate in tls.crt is not for both server and client',
    ]);
    expect(problem({ certificate: '', ca: 'hello' }).split('; ')).toHaveLength(2);
  });

  it('quotes nothing of a key', () => {
    const key = good.key.replace(/M[A-Za-z0-9]{9}/, 'BROKENBROK');

    expect(problem({ key })).not.toContain('BROKEN');
  });
});

describe('readMaterial', () => {
  it('names every file that cannot be read', async () => {
    const nowhere = { certificate: '/nowhere/crt', key: '/nowhere/key', ca: '/nowhere/ca' };

    await expect(readMaterial(nowhere)).rejects.toMatchObject({
      code: 'FILE_READ_FAILED',
      message: expect.stringMatching(/nowhere\/crt.*; .*nowhere\/key.*; .*nowhere\/ca/),
    });
  });

  it('reads a mounted Secret in the form that HAProxy takes over its socket', async () => {
    const { directory: mounted } = mountSecret(join(directory, 'mounted'), {
      ...good,
      certificate: `\r\n${good.certificate.replaceAll('\n', '\r\n')}\r\n\r\n`,
    });
    const source = {
      certificate: join(mounted, 'tls.crt'),
      key: join(mounted, 'tls.key'),
      ca: join(mounted, 'ca.crt'),
    };

    expect(await readMaterial(source)).toEqual(good);
  });

  it('names the file that is missing', async () => {
    const there = join(directory, 'there');
    writeFileSync(there, 'x');
    const source = { certificate: join(directory, 'nowhere.crt'), key: there, ca: there };

    await expect(readMaterial(source)).rejects.toMatchObject({
      code: 'FILE_READ_FAILED',
      message: expect.stringContaining('nowhere.crt'),
    });
  });
});

describe('writeTlsFiles', () => {
  it('puts certificate and key into one file that only the owner reads, and keeps its mode', async () => {
    const files = tlsFiles(join(directory, 'haproxy.cfg'));

    await writeTlsFiles(files, good, { mode: 0o600 });
    await writeTlsFiles(files, ca.issue());

    expect(statSync(files.bundle).mode & 0o777).toBe(0o600);
    expect(readFileSync(files.bundle, 'utf8')).toMatch(/CERTIFICATE-----\n-----BEGIN PRIVATE KEY/);
    expect(readFileSync(files.ca, 'utf8')).toBe(ca.certificate);
    writeFileSync(files.bundle, '');
  });

  it('knows when the certificate ends', () => {
    const days = (expiresAtMs(ca.issue({ days: 5 })) - Date.now()) / 86_400_000;

    expect(days).toBeGreaterThan(4.9);
    expect(days).toBeLessThan(5.1);
    expect(bundleOf(good)).toContain(good.key);
  });
});
