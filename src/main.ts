#!/usr/bin/env node
import { main } from './cli/main.ts';
import { version } from './version.ts';

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
}

const exitCode = await main({
  argv: process.argv.slice(2),
  env: process.env,
  signal: stop.signal,
  version,
  out: (text) => process.stdout.write(text),
  terminal: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  columns: process.stdout.isTTY === true ? process.stdout.columns : undefined,
  err: (text) => process.stderr.write(text),
});
process.exit(exitCode);
