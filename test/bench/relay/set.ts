import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../helpers/eventually.ts';
import { makeFolder, removeFolder } from '../../helpers/temporary-folder.ts';
import { membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { createReplica, type Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';
import { imageEnvironment, imageFlags } from '../image.ts';
import { cpuMsOf, memoryMiB, wakingsOf } from '../process.ts';

export interface SetOptions {
  readonly haproxy: string;
  readonly peers: number;
  readonly entries: number;
  /** Of rest, at the end. */
  readonly seconds: number;
}

/** Milliseconds from the moment that HAProxy answered until the sidecar says ready. */
async function readyAfter(replica: Replica): Promise<number> {
  await replica.start();
  const startedAt = performance.now();
  await eventually(() => replica.ready(), { timeoutMs: 60_000, intervalMs: 10 });
  return performance.now() - startedAt;
}

function shown(values: readonly number[], digits = 0): string {
  return values.map((value) => value.toFixed(digits)).join(' ');
}

/**
 * A whole set of replicas with the sidecar of the image, 64 slots: its first start, what a million entries cost in memory when
 * they pass, and what it costs at rest, beside what HAProxy itself uses then.
 */
export async function set({ haproxy, peers, entries, seconds }: SetOptions): Promise<void> {
  if (!existsSync('dist/main.js')) spawnSync(process.execPath, ['test/tools/build.ts']);
  const directory = makeFolder('hps-bench-');
  const members = membersFile(join(directory, 'members.json'));
  const relayKey = join(directory, 'key');
  writeFileSync(relayKey, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  const network = ownNetwork();
  const replicas = Array.from({ length: peers + 1 }, (_, at) =>
    createReplica(
      {
        ...{ haproxy, dataplane: null, directory, relayKey, main: `${process.cwd()}/dist/main.js` },
        ...{ sourceFlags: members.sourceFlags, nodeFlags: imageFlags, env: imageEnvironment },
      },
      `r${at}`,
      `${network}.${at + 1}`,
    ),
  );
  const [first] = replicas;
  if (first === undefined) return;
  try {
    members.set(...replicas);
    for (const each of replicas) await each.init();
    const readyMs = await Promise.all(replicas.map(readyAfter));
    console.log(`ready after HAProxy answered, ms: ${shown(readyMs)} (all at the same time)`);
    const pids = replicas.map((each) => each.sidecarPid());
    const memory = (what: 'VmRSS' | 'VmHWM') => pids.map((pid) => memoryMiB(pid, what));
    console.log(`memory, MiB: ${shown(memory('VmRSS'))}`);

    await fillTable(first, entries);
    const all = async () => {
      const held = await Promise.all(replicas.map((each) => each.entries()));
      return held.every((count) => count === entries);
    };
    await eventually(all, { timeoutMs: 300_000, intervalMs: 500 });
    console.log(`after ${entries} entries have passed to ${peers}: ${shown(memory('VmRSS'))}`);
    console.log(`at the peak: ${shown(memory('VmHWM'))}`);

    // HAProxy is looked at for a while after a session has begun.
    await sleep(12_000);
    const used = (which: readonly number[]) => which.map(cpuMsOf);
    const workers = await Promise.all(replicas.map(workerPid));
    const before = [used(pids), used(workers), pids.map(wakingsOf)];
    await sleep(seconds * 1000);
    const after = [used(pids), used(workers), pids.map(wakingsOf)];
    const aSecond = (at: number, factor: number, digits: number) =>
      shown(
        (after[at] ?? []).map(
          (value, each) => ((value - (before[at]?.[each] ?? 0)) / seconds) * factor,
        ),
        digits,
      );
    console.log(
      `at rest for ${seconds} s, % of a core: ${aSecond(0, 0.1, 2)}; HAProxy ${aSecond(1, 0.1, 2)}; wakings a second: ${aSecond(2, 1, 1)}`,
    );
  } finally {
    await Promise.all(replicas.map((each) => each.kill()));
    removeFolder(directory);
  }
}

async function workerPid(replica: Replica): Promise<number> {
  return Number(/^Pid: (\d+)/m.exec(await replica.ask('show info'))?.[1]);
}
