import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readPeersSection } from '../../../src/config-text/peers-text.ts';
import type { TlsMaterial } from '../../../src/model/peers-tls.ts';
import { createCa, mountSecret, type TestCa } from '../../helpers/certificates.ts';
import { flagsOf, initFiles } from '../../helpers/init-files.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';

let directory: string;
let etc: string;
let files: Readonly<Record<string, string>>;
let ca: TestCa;
beforeEach(() => {
  directory = testFolder();
  ({ etc, flags: files } = initFiles(directory, template));
  ca = createCa(directory);
  writeFileSync(
    join(directory, 'members.yaml'),
    '- {name: b, address: 127.0.1.9}\n- {name: c, address: 127.0.1.10}\n',
  );
});

const template = `global
  log stderr local0
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
peers haproxy-peers
  peer "$HOSTNAME" 0.0.0.0:3000
  peer outside 192.0.2.1:1024
frontend web
  bind 127.0.1.9:18089
backend sessions
  stick-table type string len 64 size 1k store gpc0 peers haproxy-peers
`;

async function init(material: TlsMaterial, flags: readonly string[] = []) {
  const secret = mountSecret(testFolder(), material);
  const file = (name: string) => join(etc, name);
  const ended = await startProgram([
    ...['init', '--pod-name=b', '--pod-ip=127.0.1.9', '--source=file', '--settle=50ms'],
    `--members-file=${join(directory, 'members.yaml')}`,
    ...flagsOf(files),
    `--dataplane-password-file=${file('dataplaneapi.password')}`,
    `--dataplane-config=${file('dataplaneapi.yml')}`,
    ...secret.flags,
    ...flags,
  ]).ended;
  return { ...ended, text: ended.lines.join('\n') };
}

describe('init --peers-tls', unless(missingOf({ HAProxy: programs.haproxy })), () => {
  it('makes a section that HAProxy takes, and shows the key to nobody', async () => {
    const material = ca.issue();

    const { exitCode, text } = await init(material);

    expect(exitCode).toBe(0);
    const config = readFileSync(join(etc, 'haproxy.cfg'), 'utf8');
    const section = readPeersSection(config, 'haproxy-peers');
    expect(section).toMatchObject({ encrypted: true, style: 'server' });
    expect(section.entries.map(({ name }) => name)).toEqual(['b', 'outside', 'c']);
    expect(config).toMatch(/^ +server b$/m);
    expect(statSync(join(etc, 'peers-tls.pem')).mode & 0o777).toBe(0o600);
    for (const line of material.key.split('\n').filter((each) => each.length > 20)) {
      expect(text).not.toContain(line);
    }
  });

  it('changes nothing but the certificate when it runs again with a renewed one', async () => {
    await init(ca.issue());
    const before = readFileSync(join(etc, 'haproxy.cfg'), 'utf8');
    const renewed = ca.issue();

    const { exitCode } = await init(renewed);

    expect(exitCode).toBe(0);
    expect(readFileSync(join(etc, 'haproxy.cfg'), 'utf8')).toBe(before);
    expect(readFileSync(join(etc, 'peers-tls.pem'), 'utf8')).toBe(
      renewed.certificate + renewed.key,
    );
  });

  it.each([
    ['another key', () => ({ ...ca.issue(), key: ca.issue().key }), 'is not the key of'],
    [
      'another CA',
      () => ({ ...ca.issue(), ca: createCa(directory, 'other').certificate }),
      'is not of the CA',
    ],
  ])('refuses %s before anything is written', async (_, material, why) => {
    const { exitCode, text } = await init(material());

    expect(exitCode).toBe(2);
    expect(text).toContain('PEERS_TLS_INVALID');
    expect(text).toContain(why);
    expect(existsSync(join(etc, 'haproxy.cfg'))).toBe(false);
    expect(existsSync(join(etc, 'peers-tls.pem'))).toBe(false);
  });

  it('names a file that is not there', async () => {
    const { exitCode, text } = await init(ca.issue(), ['--peers-tls-ca=/nowhere/ca.crt']);

    expect(exitCode).not.toBe(0);
    expect(text).toContain('/nowhere/ca.crt');
    expect(text).toContain('FILE_READ_FAILED');
  });

  it('starts with a certificate that has expired, and says so', async () => {
    const { exitCode, text } = await init(ca.issue({ days: 0 }));

    expect(exitCode).toBe(0);
    expect(text).toContain('the certificate of the peers has expired');
  });
});
