import type { OwnEntries } from '../config-text/foreign-lines.ts';
import { damages, describeDamages } from '../config-text/surviving-lines.ts';
import { RemoteError } from '../errors.ts';

/** A commit would lose or reorder lines. Nothing was committed. */
export class WouldDamage extends Error {
  override readonly name = 'WouldDamage';
}

/**
 * At every commit the API writes the whole file from its own model of it. Compares what it would write with the
 * existing text, and throws `WouldDamage` with the lines that would be lost.
 */
export function refuseDamage(before: string, after: string, own: readonly OwnEntries[]): void {
  const found = damages(before, after, own);
  if (found.length > 0) throw new WouldDamage(describeDamages(found));
}

export function damageError({ message }: WouldDamage): RemoteError {
  return new RemoteError(
    'SECTION_UNMODELLED',
    `the Data Plane API does not know all of haproxy.cfg, and its write would damage it: ${message}: write these lines in a form that it knows, or use --applier direct`,
    { retryable: false, stage: 'check' },
  );
}

/** For a repair: the file that HAProxy runs is not given back to the API. */
export function notGivenBack({ message }: WouldDamage): RemoteError {
  return new RemoteError(
    'SECTION_UNMODELLED',
    `the Data Plane API holds a configuration that HAProxy refused to load, and would damage haproxy.cfg if it were given back: ${message}: restart the Data Plane API, which then reads the file, or use --applier direct`,
    { retryable: false, stage: 'repair' },
  );
}

/**
 * Longest line in bytes: the API reads nothing after the first longer one (client-native raw.go, dropVersionFromRaw).
 */
const longestLine = 65_535;

/** Throws `WouldDamage` for a text that the API would only write in part. */
export function refuseLongLines(text: string): void {
  const long = text.split('\n').findIndex((line) => Buffer.byteLength(line) >= longestLine);
  if (long >= 0) throw new WouldDamage(`line ${long + 1} is longer than 64 KiB`);
}
