#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { main } from './cli/main.ts';
import { pluginCall } from './cli/plugin-call.ts';
import { version } from './version.ts';

/** `kubectl haproxy-peers`: what can be asked from outside, and doctor inside a pod. */
const call = pluginCall(process.argv.slice(2));

if (call.program === 'kubectl') {
  const child = spawn('kubectl', call.argv, { stdio: 'inherit' });
  child.once('error', (error) => {
    process.stderr.write(`kubectl could not be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.once('close', (code) => {
    process.exitCode = code ?? 1;
  });
} else if (call.program === 'text') {
  process[call.exitCode === 0 ? 'stdout' : 'stderr'].write(call.text);
  process.exitCode = call.exitCode;
} else {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  }
  const exitCode = await main({
    argv: call.argv,
    env: process.env,
    signal: stop.signal,
    version,
    out: (text) => process.stdout.write(text),
    terminal: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
    columns: process.stdout.isTTY === true ? process.stdout.columns : undefined,
    err: (text) => process.stderr.write(text),
  });
  process.exit(exitCode);
}
