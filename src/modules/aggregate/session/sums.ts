import { writeDefinition, writeEntry, writeSwitch } from '../../../aggregate/codec/write.ts';
import { Writer } from '../../../aggregate/codec/writer.ts';
import { createSummer, type Summer } from '../../../aggregate/merge/summer.ts';
import type { Ledger } from '../../../aggregate/store/ledger.ts';
import type { Target } from './tables.ts';

/** Sums that are told at a time: about 3 ms of work and 100 kB. */
export const chunkKeys = 2000;

export interface Sums {
  /** The sums of at most `chunkKeys` keys that are to be told; null: there are none. */
  next(targets: readonly Target[], now: number): Buffer | null;
  /** Something else was said of another table: what comes next has to name its own. */
  turnedAway(): void;
}

/** What HAProxy is told in one session. The sum of a key is made when it is sent: it is told once, however often it has changed before. */
export function createSums(ledger: Ledger): Sums {
  const writer = new Writer(256 * 1024);
  const rows = new Int32Array(chunkKeys);
  const prepared = new Map<Target, { readonly summer: Summer; readonly words: Uint32Array }>();
  let current: Target | undefined;
  let lastUpdate = 0;

  function preparedFor(target: Target) {
    const known = prepared.get(target);
    if (known !== undefined) return known;
    const { plan } = target;
    const made = { summer: createSummer(plan), words: new Uint32Array(plan.layout.words) };
    prepared.set(target, made);
    current = undefined;
    return made;
  }

  /** The next entries are of this table; it is defined the first time. */
  function turnTo(target: Target): void {
    const isNew = !prepared.has(target);
    preparedFor(target);
    if (isNew)
      writeDefinition(writer, target.id, target.heard.definition, target.plan.layout.fields);
    else if (current !== target) writeSwitch(writer, target.id);
    current = target;
  }

  function tell(target: Target, row: number, now: number): void {
    const { source, isOthers, plan } = target;
    const { keys } = source.store;
    const { summer, words } = preparedFor(target);
    const without = isOthers ? ledger.own?.origin : undefined;
    const leftMs = source.store.sum(row, summer, words, { now, without });
    lastUpdate = (lastUpdate + 1) >>> 0;
    const keyAt = keys.offsetOf(row);
    writeEntry(writer, {
      keyType: source.definition.keyType,
      ...{ key: keys.bytesOf(row), keyAt, keyEnd: keyAt + keys.lengthOf(row) },
      id: lastUpdate,
      // Of what never expires HAProxy knows itself for how long it keeps that; zeros of what has gone are kept no longer.
      leftMs: leftMs === 0 ? null : Math.max(1, leftMs),
      ...{ layout: plan.layout, words, from: 0, now },
    });
  }

  return {
    turnedAway() {
      current = undefined;
    },
    next(targets, now) {
      for (const table of ledger.tables.values()) {
        const own = targets.filter(({ source }) => source === table);
        let count = 0;
        while (count < chunkKeys) {
          const row = table.store.sums.take();
          if (row === -1) break;
          rows[count++] = row;
        }
        if (count === 0) continue;
        for (const target of own) {
          turnTo(target);
          for (let at = 0; at < count; at++) tell(target, rows[at] ?? 0, now);
        }
        for (let at = 0; at < count; at++) table.store.release(rows[at] ?? 0);
        if (writer.at > 0) return writer.take();
      }
      return null;
    },
  };
}
