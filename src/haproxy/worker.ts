import type { Worker } from '../model/worker.ts';

/** The worker that answers, from `show info` (haproxy src/stats.c, 2.5 to 3.4); null where it does not say. */
export function parseWorker(showInfo: string): Worker | null {
  const pid = Number(/^Pid: (\d+)/m.exec(showInfo)?.[1] ?? 0);
  const startedAtSeconds = Number(/^Start_time_sec: (\d+)/m.exec(showInfo)?.[1] ?? 0);
  return pid === 0 || startedAtSeconds === 0 ? null : { pid, startedAtSeconds };
}
