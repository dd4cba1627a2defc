import { type Keys, keyWords } from './keys.ts';
import { type Parts, type PartToSet, partWords } from './parts.ts';

/** Keys, and the parts of each. */
export class Chains {
  readonly keys: Keys;
  readonly parts: Parts;

  constructor(keys: Keys, parts: Parts) {
    this.keys = keys;
    this.parts = parts;
  }

  /** The first part of a row; -1: it has none. */
  firstOf(row: number): number {
    return this.keys.rows.get(row, keyWords.part) - 1;
  }

  /** The part behind this one; -1: it is the last one. */
  after(part: number): number {
    return this.parts.rows.get(part, partWords.next) - 1;
  }

  /** The part of the row that is of the same origin, staged or not as `run` is; -1: none. */
  partOf(row: number, run: number): number {
    const { origin, isStaged } = this.parts.runs.get(run);
    for (let part = this.firstOf(row); part !== -1; part = this.after(part)) {
      const known = this.parts.rows.get(part, partWords.run);
      if (known === run) return part;
      const one = this.parts.runs.get(known);
      if (one.origin === origin && one.isStaged === isStaged) return part;
    }
    return -1;
  }

  add(row: number, part: PartToSet): number {
    const added = this.parts.add(part, this.keys.rows.get(row, keyWords.part));
    this.keys.rows.set(row, keyWords.part, added + 1);
    return added;
  }

  /** Takes a part out of its row. */
  drop(row: number, part: number): void {
    const { rows } = this.parts;
    const next = rows.get(part, partWords.next);
    if (this.firstOf(row) === part) this.keys.rows.set(row, keyWords.part, next);
    else {
      let before = this.firstOf(row);
      while (this.after(before) !== part) before = this.after(before);
      rows.set(before, partWords.next, next);
    }
    this.parts.remove(part);
  }

  /** When the last part of a row expires: a tick, 0 for never, -1 where it has none. */
  expiryOf(row: number): number {
    const { rows, rules } = this.parts;
    let latest = -1;
    for (let part = this.firstOf(row); part !== -1; part = this.after(part)) {
      const expiry = rows.get(part, partWords.expiry);
      latest = latest === -1 ? expiry : rules.laterExpiry(latest, expiry);
    }
    return latest;
  }
}
