import { sleep } from '../clock.ts';
import { lossyLines } from '../config-text/api-model.ts';
import { configVersion } from '../config-text/peers-text.ts';
import type { Log } from '../log.ts';
import { notGivenBack, WouldDamage } from './damage.ts';
import type { Owner } from './owner.ts';
import type { PutsBack } from './put-back.ts';
import type { RawConfiguration, Transactions } from './transactions.ts';

/** One read of the configuration. */
export interface Seen extends RawConfiguration {
  /** What any write by the API would damage, one sentence each. */
  readonly obstacles: readonly string[];
  /** The API holds another configuration, and this one cannot be given back to it. */
  readonly held?: true;
}

export interface ReadConfigOptions {
  readonly transactions: Transactions;
  readonly putBack: PutsBack;
  /** What the API would write from its memory. */
  readonly rehearse: (version: string, signal: AbortSignal) => Promise<string>;
  readonly owners: readonly Owner[];
  readonly log: Log;
  /** Never give a file back to the API, even if it holds a configuration that HAProxy refused. */
  readonly readOnly: boolean;
}

const secondLookMs = 200;

/**
 * Reads the configuration in one call. After a failed reload the API restores the old file but keeps the failed
 * configuration in memory and builds every later answer on it (dataplaneapi reload_agent.go, up to 3.4.2): the version
 * in the file then differs from the version in the header. HAProxy runs the file, so the file is given back to the
 * API, which corrects its memory without a reload, on v2 and v3 alike. If that would damage the file, nothing is given
 * back and the result says why.
 */
export async function readConfig(
  options: ReadConfigOptions,
  signal: AbortSignal,
  seen?: Seen,
): Promise<Seen> {
  const { transactions, log, readOnly } = options;
  const same = (raw: RawConfiguration) => seen?.text === raw.text && seen.version === raw.version;
  let raw = await transactions.raw(signal);
  // At rest the text does not change, and parsing 1,000 lines every half minute would be most of this program's
  // work.
  if (seen !== undefined && same(raw) && (inStep(raw) || seen.held)) return seen;
  if (!inStep(raw)) {
    // Another client's commit may be halfway between its two steps.
    await sleep(secondLookMs, signal);
    raw = await transactions.raw(signal);
  }
  if (inStep(raw)) return parse(raw, options);
  if (!readOnly) return repair(options, parse(raw, options), signal);
  log.warn(
    versionsOf(raw),
    'the Data Plane API holds a configuration that HAProxy refused to load',
  );
  return parse(raw, options);
}

/** Gives the API the file back, or says why not. */
async function repair(options: ReadConfigOptions, found: Seen, signal: AbortSignal): Promise<Seen> {
  const { transactions, log } = options;
  const { text, version, obstacles } = found;
  try {
    await options.putBack({
      ...{ text, version, how: 'memory', obstacles },
      own: options.owners.map((owner) => owner.own(text)),
      rehearse: () => options.rehearse(version, signal),
    });
  } catch (error) {
    if (!(error instanceof WouldDamage)) throw error;
    const held = notGivenBack(error);
    log.warn({ ...versionsOf(found), code: held.code }, held.message);
    return { ...withObstacle(found, held.message), held: true };
  }
  const raw = await transactions.raw(signal);
  log.warn(
    { ...versionsOf(found), version: raw.version },
    'repaired: the Data Plane API held a configuration that HAProxy refused to load',
  );
  return parse(raw, options);
}

export function withObstacle(seen: Seen, obstacle: string): Seen {
  return { ...seen, obstacles: [...seen.obstacles, obstacle] };
}

function versionsOf(raw: RawConfiguration) {
  return { onDisk: fileVersion(raw.text), inMemory: raw.version };
}

function inStep({ text, version }: RawConfiguration): boolean {
  return fileVersion(text) === version;
}

/** The API treats a file without the line as version 1. */
function fileVersion(text: string): string {
  return String(configVersion(text) ?? 1);
}

function parse({ text, version }: RawConfiguration, { owners }: ReadConfigOptions): Seen {
  const obstacles = owners.flatMap((owner) => owner.obstacles(text));
  return { text, version, obstacles: [...obstacles, ...lossyLines(text)] };
}
