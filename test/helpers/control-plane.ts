import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync, writeSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, setPriority } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../control-plane/', import.meta.url));

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath(name: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => isExecutable(join(folder, name)));
}

/** How a kube-apiserver is had on this machine. */
export type ControlPlane =
  | { readonly kind: 'assets'; readonly etcd: string; readonly apiserver: string }
  | { readonly kind: 'built'; readonly binary: string };

const assets = process.env.KUBEBUILDER_ASSETS ?? '';

/** Why there is no kube-apiserver here; undefined when there is one, or one can be built. */
export function controlPlaneMissing(): string | undefined {
  if (assets !== '') {
    const missing = ['etcd', 'kube-apiserver'].filter((name) => !isExecutable(join(assets, name)));
    return missing.length === 0
      ? undefined
      : `KUBEBUILDER_ASSETS=${assets} lacks ${missing.join(' and ')}`;
  }
  if (isExecutable(binaryPath()) || onPath('go')) return undefined;
  return 'neither go to build a kube-apiserver with nor KUBEBUILDER_ASSETS';
}

function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'haproxy-peer-sync');
}

function binaryPath(): string {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(source, name)));
  return join(cacheFolder(), `control-plane-${hash.digest('hex').slice(0, 12)}`);
}

/** Beside vitest's reporter, which holds back what a test writes until the test ends. */
function say(text: string): void {
  writeSync(2, `${text}\n`);
}

/** The programs to start; builds them on first use, which takes minutes and says so every few seconds. */
export async function controlPlane(): Promise<ControlPlane> {
  if (assets !== '') {
    return {
      kind: 'assets',
      etcd: join(assets, 'etcd'),
      apiserver: join(assets, 'kube-apiserver'),
    };
  }
  const binary = binaryPath();
  if (!isExecutable(binary)) await locked(binary, () => build(binary));
  return { kind: 'built', binary };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** One builder at a time on this machine; a lock whose owner died is taken over. */
async function locked(binary: string, work: () => Promise<void>): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  const lock = `${binary}.lock`;
  for (let waited = 0; !isExecutable(binary); waited += 1) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
    } catch {
      const owner = Number(await readFile(lock, 'utf8').catch(() => '0'));
      if (owner > 0 && !isAlive(owner)) await rm(lock, { force: true });
      if (waited % 30 === 29) say(`kube-apiserver: waiting for process ${owner} to build it`);
      await new Promise((resolve) => setTimeout(resolve, 500));
      continue;
    }
    try {
      if (!isExecutable(binary)) await work();
    } finally {
      await rm(lock, { force: true });
    }
  }
}

async function build(binary: string): Promise<void> {
  const fresh = `${binary}.${process.pid}`;
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  say('kube-apiserver: building it with etcd, once for this machine (4 to 10 minutes)');
  const child = spawn('go', ['build', '-v', '-trimpath', '-ldflags=-s -w', '-o', fresh, '.'], {
    cwd: source,
    env: { ...process.env, CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (child.pid !== undefined) setPriority(child.pid, 10);
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-4000);
  });
  const progress = setInterval(() => {
    const last = output.trimEnd().split('\n').at(-1) ?? '';
    say(`kube-apiserver: building, ${seconds()} s so far  ${last.slice(0, 80)}`);
  }, 5_000);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    if (code !== 0) throw new Error(`go build of test/control-plane failed:\n${output}`);
    await rename(fresh, binary);
    say(`kube-apiserver: built in ${seconds()} s: ${binary}`);
  } finally {
    clearInterval(progress);
    await rm(fresh, { force: true });
  }
}
