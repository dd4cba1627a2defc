import type { Layout } from '../codec/layout.ts';
import { tickAfter, ticksSince } from '../codec/ticks.ts';
import type { MergeRules } from '../merge/rules.ts';
import type { Summer } from '../merge/summer.ts';
import { longestKey } from './arena.ts';
import { Chains } from './chains.ts';
import { Keys, keyWords } from './keys.ts';
import { Parts, type PartToSet, partWords } from './parts.ts';
import { RowSet } from './row-set.ts';
import type { Runs } from './runs.ts';
import { victimOf } from './victim.ts';
import { Wheel } from './wheel.ts';

export interface StoreOptions {
  readonly layout: Layout;
  readonly runs: Runs;
  /** Keys at most, and sixteen parts for each of them on average. */
  readonly maxKeys: number;
  /** A random number of 32 bits. */
  readonly seed: number;
  /** The tick at the beginning. */
  readonly now: number;
  readonly rules?: MergeRules;
}

const partsPerKey = 16;

/**
 * The parts of one table. A row stands for a key; a key goes when its last part has expired and that was told. Where there are too many,
 * the key that expires first of sixteen makes room: what the replicas have of it is not added up any more until they touch it again.
 */
export class Store extends Chains {
  /** Keys that had to make room. */
  evicted = 0;
  /** Sums that have to be told to HAProxy, and own parts to the replicas. */
  readonly sums = new RowSet();
  readonly own = new RowSet();
  private readonly wheel: Wheel;
  private readonly limits: { readonly keys: number; readonly parts: number };
  private hand = 0;

  constructor({ layout, runs, maxKeys, seed, now, rules }: StoreOptions) {
    super(new Keys(maxKeys, seed), new Parts(layout, runs, rules));
    this.wheel = new Wheel(this.keys.rows, keyWords, now);
    this.limits = { keys: maxKeys, parts: maxKeys * partsPerKey };
  }

  /** The row of the key, which is made if it is not there; -1: the key is too long. */
  put(bytes: Uint8Array, from: number, end: number): number {
    const row = this.keys.find(bytes, from, end);
    if (row !== -1) return row;
    if (end - from > longestKey) return -1;
    if (this.keys.rows.used >= this.limits.keys) this.evict();
    return this.keys.add(bytes, from, end);
  }

  /** Takes a part unless a newer one of its origin is known. True: it was taken. */
  set(row: number, came: PartToSet, now: number): boolean {
    const { parts } = this;
    const known = this.partOf(row, came.run);
    if (known === -1) {
      if (parts.rows.used >= this.limits.parts) this.evict(row);
      this.soon(row, this.add(row, came), now);
    } else {
      const standing = parts.runs.standing(
        parts.rows.get(known, partWords.run),
        parts.rows.get(known, partWords.sequence),
      );
      const newer = parts.runs.standing(came.run, came.sequence);
      if (!parts.isExpired(known, now) && !parts.rules.supersedes(standing, newer)) return false;
      parts.write(known, came);
      this.soon(row, known, now);
    }
    if (!parts.runs.get(came.run).isStaged) this.sums.add(row);
    return true;
  }

  /**
   * Writes the sum of a row into `out`, of all its origins but `without`. Milliseconds until it expires: 0 where it does not, -1
   * where nothing is left of it.
   */
  sum(row: number, summer: Summer, out: Uint32Array, { now, without }: Asked): number {
    const { rows, runs, rules } = this.parts;
    let expiry = -1;
    summer.begin(now);
    for (let part = this.firstOf(row); part !== -1; part = this.after(part)) {
      const { origin, isStaged, isGone } = runs.get(rows.get(part, partWords.run));
      if (isStaged || origin === without || this.parts.isExpired(part, now)) continue;
      const ends = rows.get(part, partWords.expiry);
      expiry = expiry === -1 ? ends : rules.laterExpiry(expiry, ends);
      summer.add(rows.memory(part), rows.at(part) + partWords.values, isGone);
    }
    summer.finish(out, 0);
    return expiry > 0 ? Math.max(1, ticksSince(now, expiry)) : expiry;
  }

  /** Parts that have expired go, and rates whose period is over are summed again. At most `limit` rows; true: these were all. */
  advance(now: number, limit: number): boolean {
    return this.wheel.advance(now, limit, (row) => {
      for (let part = this.firstOf(row); part !== -1; ) {
        const next = this.after(part);
        if (this.parts.isExpired(part, now)) this.drop(row, part);
        else this.soon(row, part, now);
        part = next;
      }
      this.sums.add(row);
    });
  }

  /** All sums are to be told, to a HAProxy that may know none of them. */
  markAll(): void {
    this.sums.addAll(this.keys.used);
  }

  /** A sum was told: a row without parts is of no use any more. */
  release(row: number): void {
    if (this.firstOf(row) === -1) this.remove(row);
  }

  /** The row is looked at again when this part asks for it. */
  soon(row: number, part: number, now: number): void {
    const inMs = this.parts.nextMs(part, now);
    if (inMs === Number.POSITIVE_INFINITY) return;
    const due = tickAfter(now, Math.max(0, inMs));
    if (!this.wheel.isSet(row) || ticksSince(due, this.wheel.dueOf(row)) > 0)
      this.wheel.set(row, due);
  }

  private remove(row: number): void {
    for (let part = this.firstOf(row); part !== -1; part = this.firstOf(row)) this.drop(row, part);
    this.wheel.clear(row);
    this.sums.remove(row);
    this.own.remove(row);
    this.keys.remove(row);
  }

  private evict(except = -1): void {
    const { victim, hand } = victimOf(this, this.hand, except);
    this.hand = hand;
    if (victim === -1) return;
    this.evicted += 1;
    this.remove(victim);
  }
}

export interface Asked {
  readonly now: number;
  /** An origin that does not count. */
  readonly without?: string | undefined;
}
