import { monotonicNow, sleep } from '../clock.ts';
import { RemoteError } from '../errors.ts';
import { type CommandOptions, command } from './socket.ts';

/** One line of `show proc`. */
export interface Process {
  readonly pid: number;
  readonly kind: 'master' | 'worker' | 'old-worker';
  /** Reloads of the master, or since this worker started. */
  readonly reloads: number;
  /** Failed reloads in a row, from 2.5 on; 0 for workers. */
  readonly failed: number;
  /** Whole seconds; a reload does not start those of the master anew (seen with 2.6, 3.0, 3.4). */
  readonly uptimeSeconds: number;
}

/** The answer to `show proc` on the master socket (haproxy src/mworker.c, 2.4 to 3.4). Programs are left out. */
export function parseShowProc(text: string): readonly Process[] {
  const processes: Process[] = [];
  let old = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) old = /old workers/.test(line);
    const match = /^(\d+)\s+(master|worker)\s+(?:\[was: \d+\]\s+|\d+\s+)?(\d+)\s/.exec(line);
    if (match === null) continue;
    const kind = match[2] === 'master' ? 'master' : old ? 'old-worker' : 'worker';
    const failed = Number(/\[failed: (\d+)\]/.exec(line)?.[1] ?? 0);
    const uptimeSeconds = uptimeOf(line);
    processes.push({
      pid: Number(match[1]),
      kind,
      reloads: Number(match[3]),
      failed,
      uptimeSeconds,
    });
  }
  return processes;
}

function uptimeOf(line: string): number {
  const [, days, hours, minutes, seconds] = /\b(\d+)d(\d+)h(\d+)m(\d+)s\b/.exec(line) ?? [];
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
}

export async function showProc(
  masterSocket: string,
  options: CommandOptions = {},
): Promise<readonly Process[]> {
  return parseShowProc(await command(masterSocket, 'show proc', options));
}

function reloadFailed(why: string, retryable: boolean): RemoteError {
  return new RemoteError('RELOAD_FAILED', `HAProxy did not reload: ${why}`, {
    retryable,
    stage: 'reload',
  });
}

function failuresOf(processes: readonly Process[]): number {
  return processes.find((process) => process.kind === 'master')?.failed ?? 0;
}

function pidOf(processes: readonly Process[]): number | undefined {
  return processes.find((process) => process.kind === 'worker')?.pid;
}

/**
 * Reloads HAProxy over its master socket and checks that it did. From 2.7 the master answers `Success=0|1` and the
 * start-up log; before, it closes the connection without a word, and a new worker pid in `show proc` is the proof.
 * `RemoteError` RELOAD_FAILED quotes the alerts; it is retryable while another reload is under way.
 */
export async function reloadOverMaster(
  masterSocket: string,
  { timeoutMs = 30_000, signal }: CommandOptions = {},
): Promise<void> {
  const options = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
  const before = await showProc(masterSocket, options);
  const answer = await command(masterSocket, 'reload', options).catch((error: unknown) => {
    // The master re-executes itself while we listen: 2.6 may reset the connection.
    if (error instanceof RemoteError) return '';
    throw error;
  });
  if (/^Success=1/m.test(answer)) return;
  if (/^Success=0/m.test(answer)) {
    const why = answer.replace(/^Success=0\s*(--)?\s*/m, '').trim();
    throw reloadFailed(
      why || 'no reason given',
      /Another reload is still in progress/i.test(answer),
    );
  }
  await newWorker(masterSocket, before, timeoutMs, options);
}

/**
 * Replaces the worker without handing its tables over, so that the new one asks a sibling for all of them. It ends
 * every connection of the old worker. False where HAProxy does not know the command: it is there from 2.9 on
 * (haproxy src/mworker.c; seen missing in 2.6, working in 3.0 and 3.4).
 */
export async function hardReload(
  masterSocket: string,
  { timeoutMs = 30_000, signal }: CommandOptions = {},
): Promise<boolean> {
  const options = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
  const answer = await command(masterSocket, 'hard-reload', options);
  if (/^Success=1/m.test(answer)) return true;
  if (/^Success=0/m.test(answer)) throw reloadFailed(answer.trim(), true);
  return false;
}

async function newWorker(
  masterSocket: string,
  before: readonly Process[],
  timeoutMs: number,
  options: CommandOptions,
): Promise<void> {
  const deadline = monotonicNow() + Math.min(timeoutMs, 10_000);
  while (monotonicNow() < deadline) {
    const now = await showProc(masterSocket, options).catch(() => []);
    const pid = pidOf(now);
    if (pid !== undefined && pid !== pidOf(before)) return;
    if (failuresOf(now) > failuresOf(before)) {
      throw reloadFailed(
        'the configuration was refused; its alerts are in the log of HAProxy',
        false,
      );
    }
    await sleep(50);
  }
  throw reloadFailed('no new worker has started', false);
}
