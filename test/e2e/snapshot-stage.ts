import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { eventually } from '../helpers/eventually.ts';
import type { Stage } from './stage.ts';

const key = randomBytes(32).toString('base64');

export async function putRelaySecret(stage: Stage): Promise<void> {
  const secret = 'haproxy-peer-sync-relay';
  await stage.kubectl(['create', 'secret', 'generic', secret, `--from-literal=key=${key}`]);
}

/** Waits until a replica has recorded at least so many entries. */
export async function recorded(stage: Stage, replicas: number, entries: number): Promise<void> {
  const metric = /^haproxy_peer_sync_snapshot_entries (\S+)/m;
  await eventually(
    async () => {
      const texts = await Promise.all(
        (await stage.replicas(replicas)).map((each) =>
          each.shell('curl -fsS http://127.0.0.1:8405/metrics'),
        ),
      );
      return Math.max(...texts.map((text) => Number(metric.exec(text)?.[1] ?? 0))) >= entries;
    },
    { timeoutMs: 120_000, intervalMs: 2000 },
  );
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function processes(): readonly number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** Why processes of pods cannot be killed from here; undefined where the node is this machine. */
export const nodeElsewhere = processes().some((pid) => textOf(`/proc/${pid}/comm`) === 'kubelet\n')
  ? undefined
  : 'the node of the cluster is not this machine';

/** Kills every process of a pod at once, its sandbox's too, as a node does that goes down. Returns how many there were. */
export function killProcesses(podUid: string): number {
  const ofPod = new RegExp(podUid.replaceAll('-', '[-_]'));
  const found = processes().filter((pid) => ofPod.test(textOf(`/proc/${pid}/cgroup`)));
  for (const pid of found) process.kill(pid, 'SIGKILL');
  return found.length;
}
