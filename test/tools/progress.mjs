// A long command with one line every few seconds, and its output only when it fails.
import { spawn } from 'node:child_process';

const everyMs = 3000;

/** Resolves when `file args` ends with 0, else throws with the end of its output. */
export async function withProgress(title, file, args, { cwd, env = process.env } = {}) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  console.error(`setup: ${title} …`);
  let output = '';
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const keep = (chunk) => {
    output = (output + chunk).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const timer = setInterval(() => console.error(`setup: ${title} … ${seconds()} s`), everyMs);
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, signal) => resolve(status ?? signal));
    });
    if (code !== 0) throw new Error(`${title} failed (${code}):\n${output.trimEnd()}`);
  } finally {
    clearInterval(timer);
  }
  console.error(`setup: ${title} done in ${seconds()} s`);
}
