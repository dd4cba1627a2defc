#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { pluginCall } from './cli/plugin-call.ts';
import { runProgram } from './program.ts';

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
  await runProgram(call.argv);
}
