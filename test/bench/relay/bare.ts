import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endChild } from '../../helpers/child.ts';
import { freePort } from '../../helpers/ports.ts';
import { makeFolder, removeFolder } from '../../helpers/temporary-folder.ts';

const program = fileURLToPath(new URL('./bare-program.ts', import.meta.url));

export interface BareOptions {
  /** Written each millisecond, in bytes. */
  readonly bytes: number;
  /** Nothing is read for so long after something was, in milliseconds. */
  readonly restMs: number;
  readonly seconds: number;
}

/**
 * Processor time, in % of a core, of a Node program that does nothing but wake up, read what has come, and write it over TLS, as
 * often as a sidecar does. The same in the same run: how dear a waking is depends on the machine, and on what else keeps it awake.
 */
export async function bare({ bytes, restMs, seconds }: BareOptions): Promise<number> {
  const directory = makeFolder('hps-bench-');
  const path = join(directory, 'feed.sock');
  const port = await freePort();
  const children: ChildProcess[] = [];
  const start = async (role: string): Promise<ChildProcess> => {
    const child = fork(program, [role, path, `${port}`, `${bytes}`, `${restMs}`]);
    children.push(child);
    await once(child, 'message');
    return child;
  };
  try {
    await start('feed');
    await start('take');
    const passing = await start('pass');
    const usedMs = async () => {
      passing.send('usage');
      const [{ user, system }] = (await once(passing, 'message')) as [NodeJS.CpuUsage];
      return (user + system) / 1000;
    };
    await sleep(2000);
    const before = await usedMs();
    await sleep(seconds * 1000);
    return ((await usedMs()) - before) / (seconds * 10);
  } finally {
    await Promise.all(children.map((child) => endChild(child, 'SIGTERM')));
    removeFolder(directory);
  }
}
