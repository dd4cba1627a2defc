import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPeersSection } from '../../../src/config-text/peers-text.ts';
import { findHash, verifyPassword } from '../../../src/config-text/userlist.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type HaproxyStand, startHaproxyStand } from '../../rig/haproxy-stand.ts';

const template = `global
  log stderr local0
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend web
  bind 127.0.1.9:18089
backend sessions
  stick-table type string len 64 size 1k store gpc0 peers haproxy-peers
`;

let directory: string;
let etc: string;
const mounts: string[] = [];

beforeEach(() => {
  directory = testFolder();
  etc = join(directory, 'etc');
  mkdirSync(etc);
  writeFileSync(join(directory, 'template.cfg'), template);
});
afterEach(() => {
  for (const mount of mounts.splice(0)) execFileSync('umount', [mount]);
});

function members(...lines: readonly string[]): void {
  writeFileSync(join(directory, 'members.yaml'), lines.map((line) => `- {${line}}\n`).join(''));
}

function init(flags: Readonly<Record<string, string>> = {}, name = 'b') {
  const all: Record<string, string> = {
    'pod-name': name,
    'pod-ip': '127.0.1.9',
    source: 'file',
    'members-file': join(directory, 'members.yaml'),
    template: join(directory, 'template.cfg'),
    'haproxy-config': join(etc, 'haproxy.cfg'),
    'dataplane-password-file': join(etc, 'dataplaneapi.password'),
    'dataplane-config': join(etc, 'dataplaneapi.yml'),
    'admin-socket': join(directory, 'admin.sock'),
    'master-socket': join(directory, 'master.sock'),
    'haproxy-bin': programs.haproxy ?? 'haproxy',
    settle: '50ms',
    ...flags,
  };
  return startProgram([
    'init',
    ...Object.entries(all).map(([flag, value]) => `--${flag}=${value}`),
  ]);
}

function etcText(file: string): string {
  return readFileSync(join(etc, file), 'utf8');
}

describe('init', unless(missingOf({ HAProxy: programs.haproxy })), () => {
  it('makes credentials that fit together, private files, and a configuration HAProxy takes', async () => {
    members('name: b, address: 127.0.1.9', 'name: c, address: 127.0.1.10');

    const { exitCode, lines } = await init().ended;

    expect(exitCode).toBe(0);
    const password = etcText('dataplaneapi.password').trim();
    const hash = findHash(etcText('dataplaneapi/users.cfg'), 'dataplaneapi', 'admin');
    expect(etcText('haproxy.cfg')).not.toContain('userlist');
    expect(password.length).toBeGreaterThanOrEqual(24);
    expect(verifyPassword(password, hash ?? '')).toBe(true);
    expect(lines.join('\n')).not.toContain(password);
    expect(lines.join('\n')).not.toContain(hash);
    const files = ['haproxy.cfg', 'dataplaneapi.password', 'dataplaneapi.yml'];
    for (const file of [...files, 'dataplaneapi/users.cfg']) {
      expect(statSync(join(etc, file)).mode & 0o777, file).toBe(0o600);
    }
    const section = readPeersSection(etcText('haproxy.cfg'), 'haproxy-peers');
    expect(section.entries.map(({ name }) => name)).toEqual(['b', 'c']);
    expect(readdirSync(etc).filter((file) => /candidate|new$/.test(file))).toEqual([]);
  });

  it('changes nothing when it runs again', async () => {
    members('name: b, address: 127.0.1.9');
    await init().ended;
    const files = ['haproxy.cfg', 'dataplaneapi.password', 'dataplaneapi/users.cfg'];
    const before = files.map(etcText);

    const { exitCode } = await init().ended;

    expect(exitCode).toBe(0);
    expect(files.map(etcText)).toEqual(before);
  });

  describe('with the user of the Data Plane API in haproxy.cfg', () => {
    const inConfig = `${template}userlist dataplaneapi\n  user admin insecure-password x\n`;
    const fits = () => {
      const hash = findHash(etcText('haproxy.cfg'), 'dataplaneapi', 'admin');
      return verifyPassword(etcText('dataplaneapi.password').trim(), hash ?? '');
    };
    beforeEach(() => members('name: b, address: 127.0.1.9'));

    it('writes it there where the template has the userlist', async () => {
      writeFileSync(join(directory, 'template.cfg'), inConfig);

      await init().ended;

      expect(fits()).toBe(true);
      expect(etcText('dataplaneapi.yml')).not.toContain('userlist_file');
    });

    it('writes it there when told to, and takes it away again', async () => {
      await init({ 'userlist-in-config': 'true' }).ended;
      expect(fits()).toBe(true);
      const hash = findHash(etcText('haproxy.cfg'), 'dataplaneapi', 'admin');

      await init().ended;

      expect(etcText('haproxy.cfg')).not.toContain('userlist');
      expect(findHash(etcText('dataplaneapi/users.cfg'), 'dataplaneapi', 'admin')).toBe(hash);
      await init({ 'userlist-in-config': 'true' }).ended;
      expect(existsSync(join(etc, 'dataplaneapi/users.cfg'))).toBe(false);
    });
  });

  it('makes neither password nor userlist where nobody asks the Data Plane API', async () => {
    members('name: b, address: 127.0.1.9');

    expect((await init({ applier: 'direct' }).ended).exitCode).toBe(0);

    expect(etcText('haproxy.cfg')).not.toContain('userlist');
    expect(readdirSync(etc)).not.toContain('dataplaneapi.password');
    expect(readdirSync(etc)).not.toContain('dataplaneapi');
  });

  it('lets a group read the files when asked', async () => {
    members('name: b, address: 127.0.1.9');
    const gid = process.getgid?.() ?? 0;

    await init({ 'file-group': String(gid) }).ended;

    expect(statSync(join(etc, 'dataplaneapi.password'))).toMatchObject({ gid });
    expect(statSync(join(etc, 'haproxy.cfg')).mode & 0o777).toBe(0o640);
  });

  it('takes names of 63 characters and with dots', async () => {
    const long = `${'x'.repeat(59)}-abc`;
    members(
      'name: b, address: 127.0.1.9',
      `name: ${long}, address: 127.0.1.10`,
      'name: web.site.0, address: 127.0.1.11',
    );

    expect((await init().ended).exitCode).toBe(0);
    expect(etcText('haproxy.cfg')).toContain(`peer ${long} 127.0.1.10:3000`);
    expect(etcText('haproxy.cfg')).toContain('peer web.site.0 127.0.1.11:3000');
  });

  it('refuses a template that HAProxy refuses, quotes the alert, and writes no configuration', async () => {
    members('name: b, address: 127.0.1.9');
    writeFileSync(join(directory, 'template.cfg'), `${template}  frobnicate\n`);

    const { exitCode, text } = await init().ended;

    expect(exitCode).toBe(1);
    expect(text).toContain('TEMPLATE_REJECTED');
    expect(text).toContain('frobnicate');
    expect(existsSync(join(etc, 'haproxy.cfg'))).toBe(false);
  });

  it('names a template that is not there', async () => {
    members('name: b, address: 127.0.1.9');

    const { exitCode, text } = await init({ template: join(directory, 'nothing.cfg') }).ended;

    expect(exitCode).toBe(1);
    expect(text).toMatch(/FILE_READ_FAILED.*nothing\.cfg/);
  });

  it('refuses a Data Plane API that is not on the loopback before it touches anything', async () => {
    members('name: b, address: 127.0.1.9');

    const { exitCode, text } = await init({ 'dataplane-url': 'http://10.0.0.1:5555' }).ended;

    expect(exitCode).toBe(2);
    expect(text).toContain('is not on the loopback');
    expect(readdirSync(etc)).toEqual([]);
  });

  it('says which file cannot be written on a read-only volume', async (context) => {
    members('name: b, address: 127.0.1.9');
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=64k', 'tmpfs', etc], {
        stdio: 'ignore',
      });
    } catch {
      return context.skip('mounting a tmpfs needs root');
    }
    mounts.push(etc);

    const { exitCode, text } = await init().ended;

    expect(exitCode).toBe(1);
    expect(text).toMatch(/FILE_WRITE_FAILED.*dataplaneapi\.password cannot be written: EROFS/);
  });

  it('waits for the members to include this pod, and stops cleanly when told to', async () => {
    members('name: c, address: 127.0.1.10');

    const run = init();
    await eventually(() =>
      run.lines().some((line) => line.includes('do not include this pod (b)')),
    );
    run.kill('SIGTERM');

    expect((await run.ended).exitCode).toBe(1);
    expect(existsSync(join(etc, 'haproxy.cfg'))).toBe(false);
  });

  describe('with a sibling that runs', () => {
    let sibling: HaproxyStand;
    afterEach(() => sibling.stop());

    it('waits until the sibling knows this pod', async () => {
      sibling = await startHaproxyStand({
        haproxy: programs.haproxy ?? '',
        peers: ['peer a 127.0.0.1:PORT'],
      });
      members('name: b, address: 127.0.1.9', 'name: a, address: 127.0.0.1');

      const run = init({ 'peers-port': String(sibling.peersPort) });
      await eventually(() => run.lines().some((line) => line.includes('waiting for the peers')));
      expect(run.running()).toBe(true);
      const text = sibling.text();
      writeFileSync(
        sibling.configFile,
        text.replace(/( *peer a .*\n)/, '$1  peer b 127.0.1.9:3000\n'),
      );
      execFileSync('sh', ['-c', `echo reload | socat - ${sibling.masterSocket} || true`], {
        stdio: 'ignore',
      });
      const { exitCode, lines } = await run.ended;

      expect(exitCode).toBe(0);
      expect(lines.at(-1)).toContain('"knownBy":["a"]');
    });

    it('goes on with a warning when the sibling does not take it in time', async () => {
      sibling = await startHaproxyStand({
        haproxy: programs.haproxy ?? '',
        peers: ['peer a 127.0.0.1:PORT'],
      });
      members('name: b, address: 127.0.1.9', 'name: a, address: 127.0.0.1');

      const { exitCode, text } = await init({
        'peers-port': String(sibling.peersPort),
        'join-timeout': '500ms',
      }).ended;

      expect(exitCode).toBe(0);
      expect(text).toContain('a did not accept this pod in time');
    });
  });
});
