import type { TakenSample } from '../haproxy/table-sample.ts';
import type { Status } from './status-schema.ts';

export interface TableSamplesOptions {
  /** Reads samples of these tables from HAProxy. */
  readonly take: (names: readonly string[]) => Promise<readonly TakenSample[]>;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** The date, in milliseconds since the epoch. */
  readonly wallNow: () => number;
}

/**
 * How long samples are reused, however often they are requested: 20 times as long as reading them took, so that this
 * costs at most a twentieth of HAProxy's time, and at most 10 s.
 */
function freshForMs(tookMs: number): number {
  return Math.min(10_000, Math.max(2000, 20 * tookMs));
}

interface Made {
  readonly samples: Promise<{ readonly atMs: number; readonly taken: readonly TakenSample[] }>;
  readonly tables: string;
  staleAtMs: number;
}

/** Puts samples of the shared tables into a status. Several may ask at the same time: HAProxy is asked once. */
export function createTableSamples({ take, now, wallNow }: TableSamplesOptions) {
  let last: Made | null = null;

  function samplesOf(names: readonly string[]): Made['samples'] {
    const tables = names.join();
    if (last !== null && last.tables === tables && now() < last.staleAtMs) return last.samples;
    const beganAtMs = now();
    const atMs = wallNow();
    const samples = take(names).then((taken) => ({ atMs, taken }));
    const made: Made = { samples, tables, staleAtMs: Number.POSITIVE_INFINITY };
    last = made;
    const ended = () => {
      made.staleAtMs = now() + freshForMs(now() - beganAtMs);
    };
    samples.then(ended, ended);
    return samples;
  }

  return async (status: Status): Promise<Status> => {
    const shared = status.tables.filter((table) => table.shared).map(({ name }) => name);
    const { atMs, taken } = await samplesOf(shared);
    return {
      ...status,
      tables: status.tables.map((table) => {
        const found = taken.find((sample) => sample.table === table.name);
        if (found === undefined) return table;
        const { keys, expiring, below, read, whole } = found;
        const sample = { atMs, keys: [...keys], expiring: [...expiring], below, read, whole };
        return { ...table, sample };
      }),
    };
  };
}
