/** What is known of an entry of the own HAProxy. */
export interface Known {
  /** When it expires: milliseconds of the own clock, as whole ones. */
  readonly expiresAtMs: number;
  readonly data: number;
}

/** Entries by a hash of 64 bits of table and key: 16 bytes for each place. */
export interface EntryIndex {
  readonly entries: number;
  /** False: there is no place left. */
  set(high: number, low: number, expiresAtMs: number, data: number): boolean;
  get(high: number, low: number): Known | undefined;
}

/** Memory for more, about 50 MB, would be too much for a sidecar. */
export const entriesAtMost = 2_000_000;

/** With room for so many; `startMs`: no entry has expired before. Two keys of the same 64 bits count as one. */
export function createIndex(entries: number, startMs: number): EntryIndex {
  const room = Math.min(entriesAtMost, Math.max(1000, entries));
  const size = Math.ceil(room * 1.4);
  const highs = new Uint32Array(size);
  /** 0: nothing is here. */
  const lows = new Uint32Array(size);
  const expiries = new Uint32Array(size);
  const datas = new Uint32Array(size);
  let count = 0;

  /** Where it is, or would be. */
  function find(high: number, low: number): number {
    let at = high % size;
    while (lows[at] !== 0 && (lows[at] !== low || highs[at] !== high))
      at = at + 1 < size ? at + 1 : 0;
    return at;
  }
  return {
    get entries() {
      return count;
    },
    set(high, low, expiresAtMs, data) {
      const own = low === 0 ? 1 : low;
      const at = find(high, own);
      if (lows[at] === 0) {
        if (count >= room) return false;
        count += 1;
      }
      highs[at] = high;
      lows[at] = own;
      expiries[at] = Math.max(0, Math.round(expiresAtMs - startMs));
      datas[at] = data;
      return true;
    },
    get(high, low) {
      const at = find(high, low === 0 ? 1 : low);
      if (lows[at] === 0) return undefined;
      return { expiresAtMs: startMs + (expiries[at] ?? 0), data: datas[at] ?? 0 };
    },
  };
}
