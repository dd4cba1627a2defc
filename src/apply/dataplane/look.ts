import { sleep } from '../../clock.ts';
import { apiObstacles, apiUnmodelled, lossyLines } from '../../haproxy/api-model.ts';
import { configVersion, readPeersSection } from '../../haproxy/peers-text.ts';
import type { Log } from '../../log.ts';
import type { PeersSection } from '../../model/peers-section.ts';
import type { RawConfiguration, Transactions } from './transactions.ts';

/** One look at the configuration. */
export interface Look {
  readonly section: PeersSection;
  /** The section holds what the API would lose if the section were removed and created. */
  readonly unmodelled: boolean;
}

/** A look with the text that it was taken of. */
export interface Seen extends Look, RawConfiguration {}

export interface LookOptions {
  readonly transactions: Transactions;
  readonly sectionName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Repair nothing. */
  readonly readOnly: boolean;
}

const secondLookMs = 200;

/**
 * Reads the section in one call. After a failed reload the API puts the old file back on disk but keeps the failed
 * configuration in memory and builds every later answer on it (dataplaneapi reload_agent.go, up to 3.4.2): then
 * the version in the file and the version in the header differ. The file is what HAProxy runs, so it is given
 * back to the API: `POST raw` with `skip_reload` puts memory right without a reload, on v2 and v3 alike.
 */
export async function look(options: LookOptions, signal: AbortSignal, seen?: Seen): Promise<Seen> {
  const { transactions, log, readOnly } = options;
  let raw = await transactions.raw(signal);
  if (!inStep(raw)) {
    // A commit of somebody else may be between its two steps.
    await sleep(secondLookMs, signal);
    raw = await transactions.raw(signal);
  }
  if (!inStep(raw)) {
    const versions = { onDisk: fileVersion(raw.text), inMemory: raw.version };
    if (readOnly) {
      log.warn(versions, 'the Data Plane API holds a configuration that HAProxy refused to load');
    } else {
      // The version we saw guards the call: a commit that comes between makes it fail with 409.
      await transactions.replaceRaw(raw.text, raw.version);
      raw = await transactions.raw(signal);
      log.warn(
        { ...versions, version: raw.version },
        'repaired: the Data Plane API held a configuration that HAProxy refused to load',
      );
    }
  }
  // At rest nothing changes: to parse 1,000 lines again every half minute is most of what this program would do.
  return seen?.text === raw.text && seen.version === raw.version ? seen : parse(raw, options);
}

export function withObstacle(seen: Seen, obstacle: string): Seen {
  const { section } = seen;
  return { ...seen, section: { ...section, obstacles: [...section.obstacles, obstacle] } };
}

function inStep({ text, version }: RawConfiguration): boolean {
  return fileVersion(text) === version;
}

/** The API takes a file without the line for version 1. */
function fileVersion(text: string): string {
  return String(configVersion(text) ?? 1);
}

function parse({ text, version }: RawConfiguration, { sectionName, env }: LookOptions): Seen {
  const section = readPeersSection(text, sectionName, env, version);
  return {
    text,
    version,
    section: {
      ...section,
      obstacles: [...apiObstacles(text, sectionName), ...lossyLines(text)],
    },
    unmodelled: apiUnmodelled(text, sectionName).length > 0,
  };
}
