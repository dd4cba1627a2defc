import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Ended {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** Standard output and standard error, in lines and as one text. */
  readonly lines: readonly string[];
  readonly text: string;
}

export interface RunningProgram {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  lines(): readonly string[];
  running(): boolean;
  kill(signal: NodeJS.Signals): void;
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The program as a child process, with an environment of its own. */
export function startProgram(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningProgram {
  const child = spawn(process.execPath, [main, ...argv], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const lines = (): readonly string[] => text.split('\n').filter((line) => line !== '');
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, lines: lines(), text }));
  });
  return {
    pid: child.pid ?? 0,
    ended,
    lines,
    running: () => child.exitCode === null && child.signalCode === null,
    kill: (signal) => void child.kill(signal),
  };
}
