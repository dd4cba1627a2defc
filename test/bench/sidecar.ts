import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/ports.ts';
import { makeFolder, removeFolder } from '../helpers/temporary-folder.ts';
import { imageEnvironment, imageFlags } from './image.ts';
import { memoryMiB } from './process.ts';

/** Start-up: from the spawn to the first answer of /livez. Memory: RSS after ten seconds of rest. */
const directory = makeFolder('hps-bench-');
const members = join(directory, 'members.json');
writeFileSync(members, '[{"name":"a","address":"127.0.0.1"}]');

async function measure(
  name: string,
  args: readonly string[],
  port: number | null,
): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { stdio: 'ignore', env: imageEnvironment });
  try {
    if (port !== null) {
      await eventually(async () => (await fetch(`http://127.0.0.1:${port}/livez`)).ok, {
        intervalMs: 5,
      });
    }
    const startMs = performance.now() - startedAt;
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    const rss = memoryMiB(child.pid ?? 0, 'VmRSS');
    console.log(
      `${name.padEnd(42)} ${port === null ? '      -' : `${startMs.toFixed(0).padStart(4)} ms`} ${rss.toFixed(0).padStart(6)} MiB`,
    );
    return rss;
  } finally {
    child.kill('SIGKILL');
  }
}

async function sidecar(name: string, nodeFlags: readonly string[], main: string): Promise<number> {
  const port = await freePort();
  return measure(
    name,
    [
      ...nodeFlags,
      main,
      'run',
      '--pod-name=a',
      '--pod-ip=127.0.0.1',
      '--source=file',
      `--members-file=${members}`,
      `--admin-socket=${join(directory, 'admin.sock')}`,
      `--listen=127.0.0.1:${port}`,
    ],
    port,
  );
}

console.log('what                                        start   memory');
const base = await measure('node alone (baseline)', ['-e', 'setInterval(() => {}, 1000)'], null);
await sidecar('from source', [], 'src/main.ts');
if (existsSync('dist/main.js')) {
  await sidecar('bundled', [], 'dist/main.js');
  const rss = await sidecar('bundled, as in the image', imageFlags, 'dist/main.js');
  console.log(
    `\nThe image's sidecar needs ${(rss / base).toFixed(1)} times what Node alone needs.`,
  );
} else console.log('\nnot bundled: npm run build');
removeFolder(directory);
