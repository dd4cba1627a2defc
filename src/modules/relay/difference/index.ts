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

/**
 * With room for so many, and for more, up to `most`, where they come; `startMs`: no entry has expired before. Two keys of the
 * same 64 bits count as one.
 */
export function createIndex(
  entries: number,
  startMs: number,
  most: number = entriesAtMost,
): EntryIndex {
  let room = 0;
  let size = 0;
  let highs = new Uint32Array();
  /** 0: nothing is here. */
  let lows = new Uint32Array();
  let expiries = new Uint32Array();
  let datas = new Uint32Array();
  let count = 0;

  function makeRoom(wanted: number): void {
    const [oldHighs, oldLows, oldExpiries, oldDatas] = [highs, lows, expiries, datas];
    room = Math.min(most, Math.max(1000, wanted));
    size = Math.ceil(room * 1.4);
    highs = new Uint32Array(size);
    lows = new Uint32Array(size);
    expiries = new Uint32Array(size);
    datas = new Uint32Array(size);
    for (const [from, low] of oldLows.entries()) {
      if (low === 0) continue;
      const at = find(oldHighs[from] ?? 0, low);
      highs[at] = oldHighs[from] ?? 0;
      lows[at] = low;
      expiries[at] = oldExpiries[from] ?? 0;
      datas[at] = oldDatas[from] ?? 0;
    }
  }

  /** Where it is, or would be. */
  function find(high: number, low: number): number {
    let at = high % size;
    while (lows[at] !== 0 && (lows[at] !== low || highs[at] !== high))
      at = at + 1 < size ? at + 1 : 0;
    return at;
  }
  makeRoom(entries);
  return {
    get entries() {
      return count;
    },
    set(high, low, expiresAtMs, data) {
      const own = low === 0 ? 1 : low;
      let at = find(high, own);
      if (lows[at] === 0) {
        if (count >= most) return false;
        if (count >= room) {
          makeRoom(2 * room);
          at = find(high, own);
        }
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
