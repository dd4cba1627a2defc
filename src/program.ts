import { main } from './cli/main.ts';
import { version } from './version.ts';

/** Runs a command with the process as it is: its environment, signals, terminal and exit code. Does not return. */
export async function runProgram(argv: readonly string[]): Promise<never> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  }
  const isTerminal = process.stdout.isTTY === true;
  const exitCode = await main({
    argv,
    env: process.env,
    signal: stop.signal,
    version,
    out: (text) => process.stdout.write(text),
    terminal: isTerminal && process.env.NO_COLOR === undefined,
    columns: isTerminal ? process.stdout.columns : undefined,
    err: (text) => process.stderr.write(text),
  });
  process.exit(exitCode);
}
