import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { reloadOverMaster, showProc } from '../../../src/haproxy/master.ts';
import { parseServersState } from '../../../src/haproxy/servers-state.ts';
import { command } from '../../../src/haproxy/socket.ts';
import { endChild } from '../../helpers/child.ts';
import { eventually } from '../../helpers/eventually.ts';
import { kustomize, noKubectl } from '../../helpers/example-manifests.ts';
import { unitCommand, variablesOf } from '../../helpers/external-example.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../../helpers/kube-apiserver.ts';
import { writeSlice } from '../../helpers/kube-slices.ts';
import { freePort } from '../../helpers/ports.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';

const folder = 'examples/backends-external';
const { haproxy34: haproxy = '', dataplaneV3: dataplane = '' } = programs;
const missing =
  kubeApiserverMissing ??
  noKubectl ??
  missingOf({ 'HAProxy 3.4': programs.haproxy34, 'Data Plane API': programs.dataplaneV3 });

/** The blocks of shell in its README. */
const blocks = [...readFileSync(join(folder, 'README.md'), 'utf8').matchAll(/```sh\n(.*?)```/gs)];
const blockWith = (text: string) =>
  blocks.map(([, block = '']) => block).find((block) => block.includes(text)) ?? '';

describe('examples/backends-external, with its files and commands', unless(missing), () => {
  let server: KubeApiserver;
  beforeAll(async () => {
    server = await startKubeApiserver();
  }, kubeApiserverTimeoutMs);
  afterAll(async () => {
    await server?.stop();
  });

  /** Applies the folder, and runs the block that writes the kubeconfig. */
  async function kubeconfigIn(directory: string): Promise<void> {
    const token = await server.createServiceAccountToken('default', 'haproxy-backends');
    const env = { ...process.env, KUBECONFIG: server.kubeconfigPath };
    const view = ['config', 'view', '--raw', '--flatten', '--output=json'];
    const admin = JSON.parse(execFileSync('kubectl', view, { env, encoding: 'utf8' }));
    const ca: unknown = admin.clusters[0].cluster['certificate-authority-data'];
    // No controller runs here that would put the token into the Secret.
    const data = { token: Buffer.from(token).toString('base64'), 'ca.crt': ca };
    const items = kustomize(folder)
      .filter(({ kind }) => kind !== 'ServiceAccount')
      .map((each) => (each.kind === 'Secret' ? { ...each, data } : each));
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    const apply = ['apply', '--namespace=default', '-f', '-'];
    execFileSync('kubectl', apply, { env, input, stdio: ['pipe', 'ignore', 'pipe'] });
    const script = blockWith('current-context');
    execFileSync('bash', ['-e'], { cwd: directory, env, input: script });
    expect(statSync(join(directory, 'kubeconfig')).mode & 0o777).toBe(0o600);
  }

  it('gives HAProxy the endpoints, and its file, with no reload', { timeout: 60_000 }, async () => {
    const root = testFolder();
    const [front, api, listen] = [await freePort(), await freePort(), await freePort()];
    const placed = (text: string) =>
      text
        .replaceAll('/usr/sbin/haproxy', haproxy)
        .replaceAll(/(?<=[ =:]|^)\/(etc|run|var)\//gm, `${root}/$1/`)
        .replaceAll(/^ *(user|group) haproxy\n/gm, '')
        .replace(':8080', `127.0.0.1:${front}`)
        .replace('port: 5555', `port: ${api}`)
        .replace('127.0.0.1:8405', `127.0.0.1:${listen}`);
    const at = (path: string) => join(root, path);
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    const credentials = at('run/credentials');
    for (const path of [
      'etc/haproxy',
      'run/haproxy',
      'run/credentials',
      'var/lib/haproxy-backends',
    ])
      mkdirSync(at(path), { recursive: true });

    await kubeconfigIn(credentials);
    const secret = blockWith('openssl passwd')
      .split('\n')
      .filter((line) => /urandom|openssl/.test(line))
      .join('\n')
      .replaceAll('/etc/haproxy-backends', credentials);
    const hash = execFileSync('bash', ['-e'], { input: secret, encoding: 'utf8' }).trim();
    const config = placed(read('haproxy.cfg')).replace(/\$6\$replace\S+/, () => hash);
    writeFileSync(at('etc/haproxy/haproxy.cfg'), config);
    const settings = placed(read('dataplaneapi.yml'));
    for (const [, path = ''] of settings.matchAll(/_dir: (.*)$/gm))
      mkdirSync(path, { recursive: true });
    writeFileSync(at('etc/haproxy/dataplaneapi.yml'), settings);

    const start = (program: string, ...args: readonly string[]) => {
      const child = spawn(program, args, { stdio: 'ignore', cwd: root });
      onTestFinished(() => endChild(child, 'SIGKILL'));
    };
    const [masterSocket, adminSocket] = [
      at('run/haproxy-master.sock'),
      at('run/haproxy/admin.sock'),
    ];
    start(haproxy, '-W', '-S', masterSocket, '-f', at('etc/haproxy/haproxy.cfg'));
    await eventually(() => command(adminSocket, 'show info'));
    start(dataplane, '-f', at('etc/haproxy/dataplaneapi.yml'));
    await writeSlice(server, 'default', 'app', [
      { pod: 'app-0', address: '10.200.0.1' },
      { pod: 'app-1', address: '10.200.0.2' },
    ]);
    const flags = unitCommand('/run/credentials').slice(1).map(placed);
    const program = startProgram([...flags, `--dataplane-url=http://127.0.0.1:${api}`], {
      ...variablesOf(join(folder, 'haproxy-backends.default')),
      STATE_DIRECTORY: at('var/lib/haproxy-backends'),
    });
    onTestFinished(() => program.kill('SIGKILL'));

    const ready = async () => (await fetch(`http://127.0.0.1:${listen}/readyz`)).ok;
    await eventually(ready, { timeoutMs: 10_000 }).catch((error: unknown) => {
      throw new Error(program.lines().join('\n'), { cause: error });
    });
    const rows = parseServersState(await command(adminSocket, 'show servers state be_app')) ?? [];
    expect(rows.map(({ name, address }) => `${name} ${address}`)).toEqual([
      'app-0 10.200.0.1',
      'app-1 10.200.0.2',
    ]);
    const line = /^ +server app-1 10\.200\.0\.2:8080 .*check inter 2s/m;
    await eventually(() => {
      expect(readFileSync(at('etc/haproxy/haproxy.cfg'), 'utf8')).toMatch(line);
    });
    const master = (await showProc(masterSocket)).find(({ kind }) => kind === 'master');
    expect(master).toMatchObject({ reloads: 0, failed: 0 });
    await reloadOverMaster(masterSocket);
    expect(parseServersState(await command(adminSocket, 'show servers state be_app'))).toHaveLength(
      2,
    );
  });
});
