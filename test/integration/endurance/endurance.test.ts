import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { testFolder } from '../../helpers/test-folder.ts';
import type { Held } from './child.ts';
import { subjects } from './subjects.ts';

const child = fileURLToPath(new URL('child.ts', import.meta.url));
const rounds = 20_000;
/** Caches, compiled code and metrics fill first. */
const warmUp = 4000;
/** A listener is some 600 bytes, a promise 100; what is left of noise is far below either. */
const bytesARound = 50;

interface Outcome {
  readonly rounds: number;
  readonly before: Held;
  readonly after: Held;
}

describe.each(Object.entries(subjects))('%s', (name, { abreast }) => {
  it(`holds no more after ${rounds} rounds than before`, { timeout: 180_000 }, async () => {
    const flags = ['--expose-gc', '--max-semi-space-size=1', '--no-warnings'];
    const args = [...flags, child, name, String(rounds), String(warmUp)];
    // What it leaves behind goes with the folder.
    const env = { ...process.env, TMPDIR: testFolder() };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    const { rounds: done, before, after }: Outcome = JSON.parse(stdout);
    const grown = Math.round((after.heap - before.heap) / done);
    console.log(`endurance: ${name}: ${grown} bytes a round, ${stdout.trim()}`);

    expect(done).toBeGreaterThanOrEqual(rounds);
    expect(after.listeners - before.listeners).toBeLessThanOrEqual(2 * abreast);
    expect(after.resources - before.resources).toBeLessThanOrEqual(4 * abreast);
    expect(after.handlers).toBe(before.handlers);
    expect(grown).toBeLessThan(bytesARound);
  });
});
