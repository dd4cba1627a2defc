import { readFileSync } from 'node:fs';

/**
 * The flags of the sidecar in this container, so that `kubectl exec POD -c haproxy-peer-sync -- haproxy-peer-sync doctor` looks
 * where it looks: the arguments after `run` in the command line of the first process (proc(5), /proc/PID/cmdline: words that
 * end in a NUL). None where that is another program, as in a pod that shares its process namespace.
 */
export function sidecarFlags(
  read: () => string = () => readFileSync('/proc/1/cmdline', 'utf8'),
): readonly string[] {
  try {
    const words = read().split('\0').slice(0, -1);
    const at = words.indexOf('run');
    const ours = words.slice(0, at).some((word) => /(haproxy-peer-sync|main\.[jt]s)$/.test(word));
    return at > 0 && ours ? words.slice(at + 1) : [];
  } catch {
    return [];
  }
}
