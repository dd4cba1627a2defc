import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AppError } from '../errors.ts';

const run = promisify(execFile);

interface Failure {
  readonly code?: unknown;
  readonly stdout?: unknown;
  readonly stderr?: unknown;
}

/** The lines of HAProxy's own output that say what is wrong, without the pid and the repeated summary. */
export function alertLines(output: string): readonly string[] {
  return output
    .split('\n')
    .filter((line) => /^\[(ALERT|WARNING)\]/.test(line.trim()))
    .map((line) => line.trim().replace(/^\[(\w+)\]\s*\(\d+\)\s*:\s*/, '[$1] '))
    .slice(0, 20);
}

/**
 * Lets HAProxy itself check a configuration (`haproxy -W -c -f FILE`, the check the Data Plane API makes).
 * Returns its warnings; null when there is no such program. `AppError` TEMPLATE_REJECTED quotes its alerts.
 */
export async function validateConfig(
  binary: string,
  file: string,
): Promise<readonly string[] | null> {
  try {
    const { stdout, stderr } = await run(binary, ['-W', '-c', '-f', file], { timeout: 60_000 });
    return alertLines(`${stdout}\n${stderr}`);
  } catch (error) {
    const failure: Failure = typeof error === 'object' && error !== null ? error : {};
    if (failure.code === 'ENOENT' || failure.code === 'EACCES') return null;
    const output = `${String(failure.stdout ?? '')}\n${String(failure.stderr ?? '')}`;
    const alerts = alertLines(output).join('\n');
    throw new AppError(
      'TEMPLATE_REJECTED',
      `HAProxy refuses ${file}:\n${alerts || output.trim()}`,
      {
        cause: error,
      },
    );
  }
}
