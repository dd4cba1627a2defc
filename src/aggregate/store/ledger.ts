import type { Definition } from '../../lesson/definition.ts';
import type { Layout } from '../codec/layout.ts';
import { type MergeRules, mergeRules } from '../merge/rules.ts';
import { createSettling, type Settling } from './lesson.ts';
import { Runs } from './runs.ts';
import { Store } from './store.ts';

export interface LedgerTable {
  readonly definition: Definition;
  readonly layout: Layout;
  readonly store: Store;
}

export interface LedgerOptions {
  /** Of each table. */
  readonly maxKeys: number;
  readonly seed: () => number;
  readonly rules?: MergeRules;
}

/** The part of a key, wherever it is said. */
export interface Said {
  readonly key: Uint8Array;
  readonly keyAt: number;
  readonly keyEnd: number;
  readonly words: Uint32Array;
  /** A tick; 0: never. */
  readonly expiry: number;
}

/** All tables, what the own HAProxy is called, and its lesson. */
export class Ledger {
  readonly runs = new Runs();
  readonly tables = new Map<string, LedgerTable>();
  /** Null: no lesson is over yet. */
  own: { readonly origin: string; readonly generation: number; readonly run: number } | null = null;
  /** Another one speaks for the own HAProxy, or did later than is known here: a new session is needed. */
  conflict = false;
  /** The last flush of this session: those in `own` of the tables have not been in one. */
  sequence = 0;
  /** Flushes some of what the own HAProxy has said. True: there is more. */
  flushOwn: () => boolean = () => false;
  private staged: number | null = null;
  private lessons = 0;
  private settling: readonly Settling[] = [];
  private readonly options: LedgerOptions;

  constructor(options: LedgerOptions) {
    this.options = options;
  }

  /** The table with this definition; where it was another one, all is forgotten of it, to be heard again. */
  table(definition: Definition, layout: Layout, now: number): LedgerTable {
    const known = this.tables.get(definition.name);
    if (known?.definition.text === definition.text) return known;
    const { maxKeys, seed, rules = mergeRules } = this.options;
    const store = new Store({ layout, runs: this.runs, maxKeys, seed: seed(), now, rules });
    const made = { definition, layout, store };
    this.tables.set(definition.name, made);
    for (const run of this.runs.all()) Object.assign(run, { complete: 0, newest: 0 });
    return made;
  }

  /** HAProxy begins to tell all that it has. */
  beginLesson(): void {
    this.lessons += 1;
    this.settling = [];
    this.staged = this.runs.add('', this.lessons, true) ?? null;
  }

  /** HAProxy has said this of a key of its own. */
  take(table: LedgerTable, said: Said, now: number): void {
    const run = this.staged ?? this.own?.run;
    if (run === undefined) return;
    const { store } = table;
    const row = store.put(said.key, said.keyAt, said.keyEnd);
    if (row === -1) return;
    for (const settling of this.staged === null ? this.settling : [])
      settling.before(store, row, now);
    store.set(row, { run, sequence: this.sequence, expiry: said.expiry, words: said.words }, now);
    if (this.staged === null) store.own.add(row);
  }

  /**
   * Before the own HAProxy gets another name or number, what it has said under this one is to be flushed: some of it in each call. True: all
   * is, and `endLesson` may be called.
   */
  mayEndLesson(): boolean {
    return !this.flushOwn();
  }

  /**
   * The lesson is over, and HAProxy is called `origin`, with the number of a session before this one. The number of this session, which is
   * larger than any that was heard of; null: there are too many.
   */
  endLesson(origin: string, before: number): number | null {
    const { staged } = this;
    const heard = this.runs.all().filter((run) => run.origin === origin && !run.isStaged);
    const generation = Math.max(before, ...heard.map((run) => run.generation)) + 1;
    const run = this.runs.add(origin, generation);
    if (run === undefined || staged === null) return null;
    this.own = { origin, generation, run };
    this.sequence = 0;
    this.conflict = false;
    this.staged = null;
    this.settling = [...this.tables.values()].map(({ store }) =>
      createSettling(store, { staged, own: run, sequence: 0 }),
    );
    return generation;
  }

  /** A lesson is over, and all of it was dealt with. */
  get isSettled(): boolean {
    return this.own !== null && this.staged === null && this.settling.length === 0;
  }

  /** At most `limit` rows of each table: what a lesson has left to do, and what expires. True: nothing is left. */
  step(limit: number, now: number): boolean {
    this.settling = this.settling.filter((settling) => !settling.step(limit, now));
    const all = [...this.tables.values()].map(({ store }) => store.advance(now, limit));
    return this.settling.length === 0 && all.every(Boolean);
  }

  /** A replica has said this of an origin, which is not the own HAProxy as a rule. */
  hear(table: LedgerTable, run: number, sequence: number, said: Said, now: number): void {
    const heard = this.runs.get(run);
    const { origin, generation } = heard;
    const { own } = this;
    if (origin === own?.origin && generation >= own.generation) {
      this.hearOfOwn(generation, sequence);
      return;
    }
    const { store } = table;
    const row = store.put(said.key, said.keyAt, said.keyEnd);
    if (row === -1) return;
    if (origin === own?.origin) this.recall(store, row, own.run, said, now);
    else store.set(row, { run, sequence, expiry: said.expiry, words: said.words }, now);
    heard.newest = Math.max(heard.newest, sequence);
  }

  /** An earlier sidecar has said this. Where HAProxy has not told it again it was cleared meanwhile: the others are told zeros. */
  private recall(store: Store, row: number, run: number, said: Said, now: number): void {
    for (const settling of this.settling) settling.before(store, row, now);
    if (store.partOf(row, run) !== -1) return;
    const words = new Uint32Array(said.words.length);
    store.set(row, { run, sequence: this.sequence, expiry: said.expiry, words }, now);
    store.own.add(row);
  }

  /** Somebody knows of this session and flush of the own HAProxy. */
  hearOfOwn(generation: number, sequence: number): void {
    if (this.own === null) return;
    const isLater = generation === this.own.generation && sequence > this.sequence;
    if (generation > this.own.generation || isLater) this.conflict = true;
  }
}
