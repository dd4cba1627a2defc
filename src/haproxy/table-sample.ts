import { hash } from 'node:crypto';
import { connect } from 'node:net';
import { monotonicNow, startTimer } from '../clock.ts';
import { RemoteError } from '../errors.ts';

/** Some keys of a stick table, chosen by what they are: two replicas that hold the same keys choose the same. */
export interface TableSample {
  /** Hashes of the chosen keys, in the order in which HAProxy lists them. */
  readonly keys: readonly string[];
  /** Those of them that expire within 10 s: a sibling may have dropped them already. */
  readonly expiring: readonly string[];
  /** Only keys with a hash below this were chosen; null: all that were read. */
  readonly below: string | null;
  /** Entries that were read. */
  readonly read: number;
  /** They were all that there are. */
  readonly whole: boolean;
}

/** Keys of a sample at the most: of a table that has lost a hundredth, two or three of them are missing. */
export const sampleKeys = 256;

/**
 * Hex digits of the SHA-256 of a key. Of 270,000 keys two of the 256 have the hash of another one, which hides a
 * missing key, or, where only a part of a table was read, makes a key behind that part look like one of it: such a look
 * names a few keys too many. And each hash is that of 256 IPv4 addresses, because whoever may read /status is to learn
 * little of them.
 */
const digits = 6;

const expiresSoonMs = 10_000;

interface Chosen {
  readonly key: string;
  readonly expiresInMs: number;
}

/**
 * Takes the answer to `show table NAME` (haproxy src/stick_table.c, table_dump_entry_to_buffer; 2.4 to 3.4) piece by
 * piece, and keeps the keys with the smallest hashes. Needs the memory of `2 * keys` hashes, however long the answer is.
 */
export function createSampler(keys = sampleKeys) {
  let chosen: Chosen[] = [];
  let below: string | null = null;
  let rest = '';
  let read = 0;
  let expires = false;

  function trim(): void {
    if (chosen.length <= keys) return;
    const sorted = chosen.map(({ key }) => key).toSorted();
    const limit = sorted[keys] ?? null;
    below = limit;
    chosen = chosen.filter(({ key }) => limit === null || key < limit);
  }

  function entry(line: string): void {
    // A key has no space and no "=" of its own: HAProxy escapes them.
    const [, name, left] = /^0x[0-9a-f]+: key=(.*?) use=\d+ exp=(\d+)/.exec(line) ?? [];
    if (name === undefined) return;
    read += 1;
    const expiresInMs = Number(left);
    if (expiresInMs > 0) expires = true;
    const key = hash('sha256', name).slice(0, digits);
    if (below !== null && key >= below) return;
    chosen.push({ key, expiresInMs });
    if (chosen.length >= 2 * keys) trim();
  }

  return {
    add(text: string): void {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) entry(line);
    },
    /** `whole`: the answer has come to its end. */
    sample(whole: boolean): TableSample {
      trim();
      const soon = ({ expiresInMs }: Chosen) => expires && expiresInMs < expiresSoonMs;
      return {
        keys: chosen.map(({ key }) => key),
        // Without `expire` every entry says exp=0.
        expiring: chosen.filter(soon).map(({ key }) => key),
        below,
        read,
        whole,
      };
    },
  };
}

export interface SampleLimits {
  /** Of the answer; what is behind is not read, and HAProxy stops listing it. */
  readonly bytes: number;
  readonly timeoutMs: number;
}

/**
 * A sample of the stick table `name`. Reads no more than the limits allow, and tells then what it has: HAProxy before 3.0
 * lists keys in their order, later ones shard by shard, so that those that are read are the same on each replica of one
 * version. `RemoteError` HAPROXY_UNREACHABLE when nobody answers.
 */
export function sampleTable(
  path: string,
  name: string,
  { bytes, timeoutMs }: SampleLimits,
): Promise<TableSample> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const sampler = createSampler();
    let size = 0;
    let end = '';
    function finish(whole: boolean): void {
      stopTimer();
      socket.destroy();
      resolve(sampler.sample(whole));
    }
    const stopTimer = startTimer(() => finish(false), timeoutMs);
    socket.setEncoding('latin1');
    socket.on('connect', () => socket.end(`show table ${name}\n`));
    socket.on('data', (text: string) => {
      sampler.add(text);
      end = (end + text).slice(-2);
      size += text.length;
      if (size >= bytes) finish(false);
    });
    // An empty line ends the answer; without it the worker has ended before.
    socket.on('end', () => finish(end === '\n\n'));
    socket.on('error', (error) => {
      stopTimer();
      const message = `${path} did not answer "show table": ${error.message}`;
      reject(new RemoteError('HAPROXY_UNREACHABLE', message, { retryable: true, cause: error }));
    });
  });
}

/** For all tables together. HAProxy lists 45 MB/s, about 270,000 entries with a short key in 16 MiB. */
const allLimits: SampleLimits = { bytes: 16 * 1024 * 1024, timeoutMs: 3000 };

export interface TakenSample extends TableSample {
  readonly table: string;
}

/** Samples of several tables, one after the other, within the limits for all. Tables that cannot be read are missing. */
export async function sampleTables(
  path: string,
  names: readonly string[],
  limits: SampleLimits = allLimits,
): Promise<readonly TakenSample[]> {
  const until = monotonicNow() + limits.timeoutMs;
  const bytes = Math.floor(limits.bytes / Math.max(1, names.length));
  const taken: TakenSample[] = [];
  for (const table of names) {
    const timeoutMs = until - monotonicNow();
    if (timeoutMs <= 0) break;
    const sample = await sampleTable(path, table, { bytes, timeoutMs }).catch(() => null);
    if (sample !== null) taken.push({ table, ...sample });
  }
  return taken;
}
