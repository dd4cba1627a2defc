import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new, empty folder that this user alone may enter. Who makes it removes it; a test calls `testFolder` instead. */
export function makeFolder(prefix: string, within = tmpdir()): string {
  return mkdtempSync(join(within, prefix));
}

/** Programs that were just killed may still write: it is tried again. */
export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}
