import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TlsMaterial } from '../../../../../src/model/peers-tls.ts';
import {
  checkTrust,
  type TrustConfig,
  trustFiles,
  trustKindOf,
} from '../../../../../src/modules/relay/links/trust-files.ts';
import { watchCertificates } from '../../../../../src/modules/relay/links/watch-certificates.ts';
import { capturedLog } from '../../../../helpers/captured-log.ts';
import { createCa, mountSecret, type TestCa } from '../../../../helpers/certificates.ts';
import { suiteFolder, testFolder } from '../../../../helpers/test-folder.ts';

const folder = suiteFolder();
const day = 86_400_000;
const today = Date.now();
let ca: TestCa;
beforeAll(() => {
  ca = createCa(folder);
});

function mounted(material: TlsMaterial) {
  const secret = mountSecret(join(testFolder(), 'tls'), material);
  const at = (name: string) => join(secret.directory, name);
  const config: TrustConfig = {
    ...{ relayTrust: 'certificates', relayPlaintext: false, relayPort: 3001 },
    ...{ relayKeyFile: '/nowhere/key', peersTlsCa: at('ca.crt') },
    ...{ peersTlsCertificate: at('tls.crt'), peersTlsKey: at('tls.key') },
  };
  return { secret, config };
}

describe('what sidecars know each other by', () => {
  it('is a key, certificates, or nothing', () => {
    const { config } = mounted(ca.issue());

    expect(trustKindOf(config)).toBe('certificates');
    expect(trustKindOf({ ...config, relayTrust: 'key' })).toBe('key');
    expect(trustKindOf({ ...config, relayTrust: 'key', relayPlaintext: true })).toBe('plaintext');
    expect(trustFiles({ ...config, relayTrust: 'key' })).toMatchObject({
      certificates: undefined,
      plaintext: false,
    });
  });

  it('is read where it is asked for, and the other is not', async () => {
    const good = ca.issue();
    const { config } = mounted(good);

    expect(await checkTrust(config, today)).toEqual([]);
    expect(await trustFiles(config).certificates?.()).toEqual(good);
    await expect(checkTrust({ ...config, relayTrust: 'key' }, today)).rejects.toMatchObject({
      code: 'RELAY_KEY_INVALID',
    });
    expect(await checkTrust({ ...config, relayPlaintext: true }, today)).toEqual([
      expect.stringContaining('port 3001 can read and write every entry'),
    ]);
  });

  it('is said to have expired, and HAProxy starts all the same', async () => {
    const { config } = mounted(ca.issue({ days: 1 }));

    expect(await checkTrust(config, today)).toEqual([]);
    expect(await checkTrust(config, today + 2 * day)).toEqual([
      expect.stringMatching(/tls\.crt has expired on \d{4}-/),
    ]);
  });

  it('is refused with all that is wrong', async () => {
    const { config, secret } = mounted(ca.issue({ dnsName: 'localhost', usage: 'clientAuth' }));
    writeFileSync(join(secret.directory, 'tls.key'), 'no key');

    await expect(checkTrust(config, today)).rejects.toMatchObject({
      code: 'PEERS_TLS_INVALID',
      message: expect.stringMatching(
        /no PEM private key.*; .*not for both server and client; .*neither a DNS name nor a URI/,
      ),
    });
  });
});

describe('watchCertificates', () => {
  it('shows when they end, and tells of renewed ones and of bad ones once each', async () => {
    const { log, lines } = capturedLog();
    let read: () => Promise<TlsMaterial> = async () => ca.issue();
    const ends: number[] = [];
    const first = ca.issue({ days: 10 });
    const second = ca.issue({ days: 20 });
    const look = watchCertificates({
      read: () => read(),
      log,
      onExpiry: (atMs) => ends.push(Math.round((atMs - today) / day)),
    });
    for (const next of [
      async () => first,
      async () => first,
      async () => Promise.reject(new Error('gone')),
      async () => Promise.reject(new Error('gone')),
      async () => second,
      async () => Promise.reject(new Error('gone')),
    ]) {
      read = next;
      await look();
    }

    expect(ends).toEqual([10, 10, 20]);
    expect(lines.map(({ level, msg }) => `${String(level)} ${String(msg)}`)).toEqual([
      'info certificates of the links',
      'error gone',
      'info renewed certificates are there: the next link takes them, and those that are up stay',
      'error gone',
    ]);
  });
});
