import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endChild } from '../../helpers/child.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/ports.ts';
import { programs } from '../../helpers/programs.ts';
import { type RunningProgram, startProgram } from '../../helpers/run-cli.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { membersFile } from '../../rig/members-file.ts';

const template = (key: string) => `global
  log stderr local0
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
backend sessions
  stick-table type string len 64 size 1k store ${key} peers haproxy-peers
`;
const key = randomBytes(32).toString('base64');
const address = '127.0.1.9';

let folder: string;
let etc: string;
let port: number;
let started: RunningProgram[];
let haproxy: ChildProcess | undefined;

const written = () => join(etc, 'haproxy.cfg');
const text = () => readFileSync(written(), 'utf8');

beforeEach(async () => {
  folder = testFolder();
  etc = join(folder, 'etc');
  port = await freePort();
  started = [];
  haproxy = undefined;
  mkdirSync(etc);
  writeFileSync(join(folder, 'template.cfg'), template('gpc0'));
  writeFileSync(join(folder, 'key'), `${key}\n`);
});
afterEach(async () => {
  for (const each of started) {
    each.kill('SIGKILL');
    await each.ended;
  }
  if (haproxy !== undefined) await endChild(haproxy, 'SIGKILL');
});

async function run(flags: Readonly<Record<string, string>> = {}): Promise<RunningProgram> {
  const members = membersFile(join(folder, 'members.json'));
  members.set({ name: 'web-0', address });
  const all: Record<string, string> = {
    mode: 'relay',
    'pod-name': 'web-0',
    'pod-uid': 'uid-of-web-0',
    'pod-ip': address,
    'relay-port': String(await freePort(address)),
    listen: `127.0.0.1:${port}`,
    template: join(folder, 'template.cfg'),
    'relay-key-file': join(folder, 'key'),
    'haproxy-config': written(),
    'admin-socket': join(folder, 'admin.sock'),
    'master-socket': join(folder, 'master.sock'),
    ...flags,
  };
  const argv = Object.entries(all).map(([flag, value]) => `--${flag}=${value}`);
  const program = startProgram(['run', ...members.sourceFlags, ...argv]);
  started.push(program);
  return program;
}

function startHaproxy(program: string): void {
  haproxy = spawn(program, ['-W', '-db', '-S', join(folder, 'master.sock'), '-f', written()], {
    stdio: 'ignore',
  });
}

const ready = () =>
  new Promise<boolean>((resolve) => {
    get({ host: '127.0.0.1', port, path: '/readyz' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).once('error', () => resolve(false));
  });

const says = (program: RunningProgram, what: string) =>
  eventually(() => program.lines().some((line) => line.includes(what)));

describe('run --mode relay --template', unless(missingOf({ HAProxy: programs.haproxy })), () => {
  it('writes one private file before HAProxy starts, and the pod becomes ready with it', async () => {
    await run();
    await eventually(() => existsSync(written()));
    expect(readdirSync(etc)).toEqual(['haproxy.cfg']);
    expect(statSync(written()).mode & 0o777).toBe(0o600);

    startHaproxy(programs.haproxy ?? '');

    await eventually(ready);
  });

  it('writes what init writes', async () => {
    const program = await run();
    await says(program, 'HAProxy may start');
    const ours = text();

    const flags = ['mode=relay', 'pod-name=web-0', 'pod-uid=u', `pod-ip=${address}`];
    const files = [
      `template=${join(folder, 'template.cfg')}`,
      `relay-key-file=${join(folder, 'key')}`,
      `haproxy-config=${written()}`,
      `admin-socket=${join(folder, 'admin.sock')}`,
      `master-socket=${join(folder, 'master.sock')}`,
    ];
    const argv = [...flags, 'namespace=edge', ...files].map((each) => `--${each}`);
    const { exitCode } = await startProgram(['init', ...argv]).ended;

    expect(exitCode).toBe(0);
    expect(text()).toBe(ours);
  });

  it('leaves the file of a HAProxy that runs as it is, though the template is another one, or none', async () => {
    const first = await run();
    await eventually(() => existsSync(written()));
    startHaproxy(programs.haproxy ?? '');
    await eventually(ready);
    const before = text();

    for (const change of [template('gpc1'), 'no section at all {']) {
      started.at(-1)?.kill('SIGKILL');
      await started.at(-1)?.ended;
      writeFileSync(join(folder, 'template.cfg'), change);
      const again = await run();
      await says(again, 'its configuration stays as it is');
      await eventually(ready);
    }

    expect(text()).toBe(before);
    expect(first.running()).toBe(false);
  });

  it('takes the template of now when HAProxy is started anew', async () => {
    const first = await run();
    await eventually(() => existsSync(written()));
    first.kill('SIGKILL');
    await first.ended;
    writeFileSync(join(folder, 'template.cfg'), template('gpc1'));

    const second = await run();

    await says(second, 'HAProxy may start');
    expect(text()).toContain('store gpc1');
  });

  it.each([
    ['a template that is not there', { template: '/nowhere/haproxy.cfg' }, /haproxy\.cfg/],
    ['no key', { 'relay-key-file': '/nowhere/key' }, /RELAY_KEY_INVALID/],
  ])('ends before anything is written: %s', async (_, flags, said) => {
    const { exitCode, text: output } = await (await run(flags)).ended;

    expect(exitCode).toBeGreaterThan(0);
    expect(output).toMatch(said);
    expect(readdirSync(etc)).toEqual([]);
  });
});
