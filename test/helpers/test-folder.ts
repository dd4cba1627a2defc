import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { makeFolder, removeFolder } from './temporary-folder.ts';

/** A new folder for the test that runs; called in it or in `beforeEach`. It is removed after every `afterEach`. */
export function testFolder(): string {
  const path = makeFolder('hps-');
  onTestFinished(() => removeFolder(path));
  return path;
}

/**
 * A folder for all tests of a suite or file; called where they are described, before any `afterAll` that ends what uses it.
 * It is made when the first of them begins, so that a suite that is skipped leaves none, and removed after the last.
 */
export function suiteFolder(): string {
  const path = join(tmpdir(), `hps-${randomUUID().slice(0, 13)}`);
  beforeAll(() => void mkdirSync(path, { mode: 0o700 }));
  afterAll(() => removeFolder(path));
  return path;
}
