import { readdir, readFile } from 'node:fs/promises';
import { eventually } from './eventually.ts';

/** The state of a thread as a letter, from /proc/PID/task/TID/stat (proc(5)): the name before it may hold spaces and parentheses. */
async function threadState(pid: number, thread: string): Promise<string> {
  const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => ') X');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
}

/**
 * SIGSTOP, and back when every thread has stopped. kill(2) returns before that: a thread that runs on another core goes on for
 * a moment, and HAProxy has answered a connection in it.
 */
export async function stopProcess(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await eventually(
    async () => {
      const threads = await readdir(`/proc/${pid}/task`);
      const states = await Promise.all(threads.map((thread) => threadState(pid, thread)));
      return states.every((state) => 'TtZX'.includes(state));
    },
    { intervalMs: 1 },
  );
}
