import { readdirSync, readFileSync } from 'node:fs';

/**
 * The command lines of the processes that can be seen here, the oldest first, without this one (proc(5), /proc/PID/cmdline:
 * words that end in a NUL).
 */
function commandLines(): readonly string[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .sort((a, b) => a - b)
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
      } catch {
        return []; // It has ended meanwhile.
      }
    });
}

/**
 * The flags of the sidecar in this container, so that `kubectl exec POD -c haproxy-peer-sync -- haproxy-peer-sync doctor` looks
 * where it looks: the arguments after `run` in the first command line that is one of ours. It need not be process 1: a shell
 * may have started it, or the containers of the pod share their processes.
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
