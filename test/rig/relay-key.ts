import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A new key for the links of one set of replicas, as the Secret holds it: the path of its file. */
export function writeRelayKey(directory: string): string {
  const path = join(directory, 'relay-key');
  writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  return path;
}
