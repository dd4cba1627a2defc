import { type LessonChunk, leftAfter } from '../../../lesson/chunk.ts';
import type { Definition } from '../../../lesson/definition.ts';
import { type Entry, expiryOf } from '../../../lesson/entry.ts';
import { dataHash, hash } from '../../../lesson/fingerprint.ts';
import { createPassage } from '../../../lesson/passage.ts';
import { playLesson } from '../../../lesson/play.ts';
import { type RecordOptions, recordLesson } from '../../../lesson/record.ts';
import { type Choice, choose, isUpToMark } from './choose.ts';
import { createIndex, type EntryIndex, entriesAtMost } from './index.ts';
import type { RemoteChunk, RemoteLesson } from './remote-lesson.ts';

export interface LearnOptions {
  /** A session with the own HAProxy, on a slot that nobody else uses meanwhile. */
  readonly record: RecordOptions;
  /** Entries that it holds, about. */
  readonly entries: number;
  readonly lesson: Pick<RemoteLesson, 'next'> & Partial<Pick<RemoteLesson, 'marks'>>;
  /** No session brings what was written lately, so nothing counts as recent. */
  readonly withoutSession?: true;
}

export type Learned =
  | {
      readonly kind: 'learned';
      /** Entries that HAProxy lacked, that were newer at the peer, or that were decided for by their values. */
      readonly taken: number;
      /** Of these: it had another value. */
      readonly newer: number;
      readonly skipped: number;
      /** Of these: it was written too late to say, and the session is to bring it. */
      readonly recent: number;
      /** Of these: it has expired, or its table is another one here. */
      readonly expired: number;
      readonly otherTable: number;
      /** Tables that hold entries of which it cannot be told who has the newer value. */
      readonly left: readonly string[];
    }
  /** `too-large`: it holds more than can be compared. */
  | { readonly kind: 'too-large' | 'failed'; readonly why: string };

/** What the own HAProxy holds. */
interface Own {
  readonly index: EntryIndex;
  /** Definitions by name. */
  readonly tables: ReadonlyMap<string, string>;
  readonly startMs: number;
}

/** What stands for a table: where the two hashes of its keys begin. */
const seeds = new WeakMap<Definition, readonly [number, number]>();

function seedsOf(table: Definition): readonly [number, number] {
  const known = seeds.get(table);
  if (known !== undefined) return known;
  const name = Buffer.from(table.name, 'latin1');
  const made = [
    hash(name, 0, name.length, 0x9e3779b9),
    hash(name, 0, name.length, 0x2545f491),
  ] as const;
  seeds.set(table, made);
  return made;
}

/** 64 bits of table and key, as two numbers. */
function keyOf(bytes: Buffer, { table, keyAt, keyEnd }: Entry): readonly [number, number] {
  const [high, low] = seedsOf(table);
  return [hash(bytes, keyAt, keyEnd, high), hash(bytes, keyAt, keyEnd, low)];
}

/** Two entries with the same hash of their data are the same: nothing of them is left out of it. */
function isWhole({ stored, hasUnknown }: Definition): boolean {
  return !hasUnknown && stored.every(({ kind }) => kind !== 'rate');
}

async function indexOwn({ record, entries }: LearnOptions): Promise<Own | Learned> {
  const startMs = record.now();
  // As it is written to meanwhile, it holds more at the end.
  const index = createIndex(Math.ceil(entries * 1.1) + 10_000, startMs);
  const tables = new Map<string, string>();
  const passage = createPassage();
  let fits = entries <= entriesAtMost;
  const recorded = await recordLesson(record, ({ bytes, atMs }) => {
    passage.pass(bytes, (entry, within, serverKey) => {
      const [high, low] = keyOf(within, entry);
      tables.set(entry.table.name, entry.table.text);
      const expiresAtMs = atMs + expiryOf(within, entry);
      fits &&= index.set(high, low, expiresAtMs, dataHash(within, entry, serverKey));
      return null;
    });
    if (!fits) throw new Error('too large');
  });
  if (!fits) {
    const why = `HAProxy holds more entries than can be compared, ${entriesAtMost.toLocaleString('en')}`;
    return { kind: 'too-large', why };
  }
  if (recorded.kind !== 'whole') return { kind: 'failed', why: recorded.why };
  return { index, tables, startMs };
}

/** Counts what is chosen. */
type Counts = Record<Choice | 'other-table' | 'expired', number>;

/** Without an expiry nothing tells which of two values is newer; rates are not compared. */
function isUntold(table: Definition, data: number, own: number | undefined): boolean {
  return table.expireMs === 0 && own !== undefined && !(isWhole(table) && data === own);
}

interface ChooserOptions {
  readonly own: Own;
  readonly counts: Counts;
  readonly left: Set<string>;
  readonly now: () => number;
  readonly comparedAtMs: number;
  /** By table: what its HAProxy has written up to this update the session does not bring. */
  readonly marks: ReadonlyMap<string, number>;
}

function chooser({ own, counts, left: leftTables, now, comparedAtMs, marks }: ChooserOptions) {
  return (chunk: RemoteChunk) =>
    (entry: Entry, bytes: Buffer, serverKey: Buffer | undefined): number | null => {
      const { table } = entry;
      const defined = own.tables.get(table.name);
      const expiry = expiryOf(bytes, entry);
      const left = leftAfter(expiry, now() - chunk.atMs, table.expireMs);
      if (left === null) {
        counts.expired += 1;
        return null;
      }
      // A table that holds nothing here was not defined: HAProxy passes over one that it has otherwise.
      if (defined !== undefined && defined !== table.text) {
        counts['other-table'] += 1;
        leftTables.add(table.name);
        return null;
      }
      const [high, low] = keyOf(bytes, entry);
      const known = own.index.get(high, low);
      const data = dataHash(bytes, entry, serverKey);
      if (isUntold(table, data, known?.data)) leftTables.add(table.name);
      const choice = choose(
        {
          expiresAtMs: chunk.atMs + expiry,
          uncertainMs: chunk.uncertainMs,
          ...{ data, isWhole: isWhole(table), tableExpireMs: table.expireMs },
          isBeforeSession: isUpToMark(marks.get(table.name), entry.id),
        },
        known,
        comparedAtMs,
      );
      counts[choice] += 1;
      return choice === 'missing' || choice === 'newer' || choice === 'tie' ? expiry : null;
    };
}

/** Gets from a peer what the own HAProxy lacks, or has older. Never throws. */
export async function learnDifference(options: LearnOptions): Promise<Learned> {
  const { record, lesson } = options;
  const own = await indexOwn(options);
  if ('kind' in own) return own;
  const counts: Counts = {
    ...{ missing: 0, newer: 0, tie: 0, 'same-or-older': 0, recent: 0 },
    ...{ 'other-table': 0, expired: 0 },
  };
  const comparedAtMs = options.withoutSession ? Number.POSITIVE_INFINITY : own.startMs;
  const left = new Set<string>();
  const marks = lesson.marks?.() ?? new Map();
  const choices = chooser({ own, counts, left, now: record.now, comparedAtMs, marks });
  const passage = createPassage();

  async function* taken(): AsyncGenerator<LessonChunk> {
    const definitions: Buffer[] = [];
    for (;;) {
      const chunk = await lesson.next();
      if (chunk === null) return;
      const before = passage.passed;
      const bytes = passage.pass(chunk.bytes, choices(chunk));
      // Definitions alone are kept until there is something to be defined.
      if (passage.passed === before) definitions.push(bytes);
      else yield { bytes: Buffer.concat([...definitions.splice(0), bytes]), atMs: chunk.atMs };
    }
  }

  const chunks = taken();
  try {
    const first = await chunks.next();
    if (first.done !== true) {
      const played = await playLesson(
        { ...record, asked: false },
        startingWith(first.value, chunks),
      );
      if (played.kind !== 'played') return { kind: 'failed', why: played.why };
    }
  } catch (error) {
    return { kind: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
  const { missing, newer, tie } = counts;
  const all = missing + newer + tie;
  return {
    kind: 'learned',
    taken: all,
    newer: newer + tie,
    skipped: passage.seen - all,
    recent: counts.recent,
    expired: counts.expired,
    otherTable: counts['other-table'],
    left: [...left],
  };
}

async function* startingWith(first: LessonChunk, rest: AsyncIterable<LessonChunk>) {
  yield first;
  yield* rest;
}
