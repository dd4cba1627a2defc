import { readdirSync, readFileSync } from 'node:fs';

/** Programs that start another one as the first of a container. */
const starters = /(^|\/)(sh|ash|bash|dash|tini|dumb-init|docker-init|catatonit|pause)$/;

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // It has ended meanwhile.
  }
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return -1;
  }
}

/**
 * The command line of process 1 of the container and, where that only starts others, of its children and of the first processes
 * of other containers, whose parent cannot be seen (proc(5), /proc/PID/cmdline: words that end in a NUL). Nobody else's: on
 * a machine there may be sidecars of other replicas.
 */
function commandLines(): readonly string[] {
  const first = commandLine(1);
  if (!starters.test(first.split('\0')[0] ?? '')) return [first];
  const children = readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid && parentOf(pid) <= 1)
    .sort((a, b) => a - b);
  return [first, ...children.map(commandLine)];
}

/**
 * The flags of the sidecar in this container, so that `kubectl exec POD -c haproxy-peer-sync -- haproxy-peer-sync doctor` looks
 * where it looks: the arguments after `run` in the first command line that is one of ours. A shell may have started it, or
 * the containers of the pod share their processes.
 */
export function sidecarFlags(read: () => readonly string[] = commandLines): readonly string[] {
  try {
    for (const text of read()) {
      const words = text.split('\0').slice(0, -1);
      const at = words.indexOf('run');
      const ours = words.slice(0, at).some((word) => /(haproxy-peer-sync|main\.[jt]s)$/.test(word));
      if (at > 0 && ours) return words.slice(at + 1);
    }
  } catch {
    // No /proc: another system than Linux.
  }
  return [];
}
