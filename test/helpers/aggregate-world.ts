import { layoutOf } from '../../src/aggregate/codec/layout.ts';
import { expiryAt } from '../../src/aggregate/codec/ticks.ts';
import { createExchange, type Exchange } from '../../src/aggregate/exchange/exchange.ts';
import { sumPlan } from '../../src/aggregate/merge/plan.ts';
import { type MergeRules, mergeRules } from '../../src/aggregate/merge/rules.ts';
import { createSummer } from '../../src/aggregate/merge/summer.ts';
import { Ledger } from '../../src/aggregate/store/ledger.ts';
import { partWords } from '../../src/aggregate/store/parts.ts';
import type { Definition, Stored } from '../../src/lesson/definition.ts';
import type { ByteStream } from '../../src/modules/relay/legs/byte-stream.ts';
import { memoryStreams } from './memory-streams.ts';

export const expireMs = 10_000;
const one = (name: string): Stored => ({
  name,
  kind: 'number',
  isArray: false,
  isLocal: false,
  count: 1,
  periodMs: 0,
});
const stored = [one('gpt0'), one('gpc0')];
export const definition: Definition = {
  ...{ id: 1, name: 'T', keyType: 'string', keyLength: 33, expireMs, stored },
  ...{ hasUnknown: false, text: 'T' },
};
const layout = layoutOf(stored);
const plan = sumPlan(layout, layout);

/** What the world does wrong on purpose. */
export interface Flaws {
  readonly rules?: Partial<MergeRules>;
  /** Each sidecar has a name of its own for HAProxy. */
  readonly namesItself?: boolean;
  /** A session is not begun with a lesson. */
  readonly noLesson?: boolean;
  /** What a lesson brings is taken as it comes, and nothing goes for not being in it. */
  readonly unstaged?: boolean;
  /** The number of the session is not kept by HAProxy. */
  readonly noGeneration?: boolean;
  /** Nobody is asked for what it holds when a link is made. */
  readonly noAsking?: boolean;
  /** Others are told of the own HAProxy alone, and of none that has gone. */
  readonly tellsOwnOnly?: boolean;
  /** What was said under the last number of a session is not told before the next one. */
  readonly unflushed?: boolean;
  /** What a link that is full is told is lost. */
  readonly losesWhenFull?: boolean;
}

interface Entry {
  readonly tag: number;
  readonly count: number;
  readonly ends: number;
}

/** HAProxy: its table, and what is in `agg.epoch`. */
export interface Haproxy {
  table: Map<string, Entry>;
  origin: string | null;
  generation: number;
}

export interface Replica {
  haproxy: Haproxy;
  ledger: Ledger;
  exchange: Exchange;
  isUp: boolean;
}

function lossy(stream: ByteStream): ByteStream {
  let isFull = false;
  return {
    ...stream,
    write(chunk) {
      if (!isFull) isFull = !stream.write(chunk);
      return true;
    },
    onDrain: (act) =>
      stream.onDrain(() => {
        isFull = false;
        act();
      }),
  };
}

/** A real link is cut when nothing has come for 3 s: bytes are not under way for longer. */
const underWayMs = 2000;

interface Link {
  /** Time that has passed since all of its bytes had arrived. */
  heldMs: number;
  readonly streams: ReturnType<typeof memoryStreams>;
  readonly leave: readonly (() => void)[];
}

/** Replicas whose sidecars are real but for their sessions, and whose time passes when a test says so. */
export class World {
  now = 1_000_000;
  readonly replicas: Replica[];
  private readonly links = new Map<string, Link>();
  private readonly flaws: Flaws;
  private names = 0;

  constructor(count: number, flaws: Flaws = {}) {
    this.flaws = flaws;
    this.replicas = Array.from({ length: count }, () => ({
      haproxy: { table: new Map(), origin: null, generation: 0 },
      ...this.sidecar(),
      isUp: false,
    }));
    for (let at = 0; at < count; at++) this.connect(at);
    for (let left = 0; left < count; left++)
      for (let right = 0; right < left; right++) this.link(left, right);
  }

  private sidecar() {
    const rules = { ...mergeRules, ...this.flaws.rules };
    const ledger = new Ledger({ maxKeys: 100, seed: () => 1, rules });
    ledger.table(definition, layout, this.now);
    const isOwn = (run: number) => run === ledger.own?.run;
    const wants = this.flaws.tellsOwnOnly === true ? isOwn : () => true;
    const exchange = createExchange({ ledger, now: () => this.now, wants, changed: () => {} });
    return { ledger, exchange };
  }

  private at(replica: number): Replica {
    const found = this.replicas[replica];
    if (found === undefined) throw new RangeError(`${replica}`);
    return found;
  }

  /** A session of the sidecar with its HAProxy begins. */
  connect(replica: number): void {
    const { haproxy, ledger, exchange } = this.at(replica);
    const { flaws } = this;
    this.at(replica).isUp = true;
    if (!flaws.unstaged || ledger.own === null) ledger.beginLesson();
    const isFirst = ledger.own === null;
    if (flaws.noLesson !== true) for (const key of haproxy.table.keys()) this.tell(replica, key);
    haproxy.origin ??= `origin-${this.names++}`;
    if (!flaws.unstaged || isFirst) {
      const origin = flaws.namesItself === true ? `sidecar-${this.names++}` : haproxy.origin;
      while (flaws.unflushed !== true && !ledger.mayEndLesson());
      haproxy.generation =
        ledger.endLesson(origin, flaws.noGeneration === true ? 0 : haproxy.generation) ?? 0;
    }
    if (flaws.noAsking !== true) exchange.ask();
  }

  disconnect(replica: number): void {
    this.at(replica).isUp = false;
  }

  private tell(replica: number, key: string): void {
    const { haproxy, ledger } = this.at(replica);
    const entry = haproxy.table.get(key);
    const table = ledger.tables.get('T');
    if (entry === undefined || table === undefined || entry.ends <= this.now) return;
    const bytes = Buffer.from(key);
    const expiry = expiryAt(this.now, entry.ends - this.now);
    const words = Uint32Array.of(entry.tag, entry.count);
    ledger.take(table, { key: bytes, keyAt: 0, keyEnd: bytes.length, words, expiry }, this.now);
  }

  /** A request. */
  count(replica: number, key: string, tag: number): void {
    const { haproxy, isUp } = this.at(replica);
    const { count = 0 } = haproxy.table.get(key) ?? {};
    haproxy.table.set(key, { tag, count: count + 1, ends: this.now + expireMs });
    if (isUp) this.tell(replica, key);
  }

  /** HAProxy and what it holds are gone: what it had told stays for as long as it would have. */
  crash(replica: number): void {
    this.at(replica).haproxy = { table: new Map(), origin: null, generation: 0 };
    this.connect(replica);
  }

  /** The sidecar is another one, and knows nothing. */
  restart(replica: number, linked: readonly number[]): void {
    for (const other of this.replicas.keys()) this.cut(replica, other);
    Object.assign(this.at(replica), this.sidecar());
    for (const other of linked) this.link(replica, other);
    this.connect(replica);
  }

  isLinked(left: number, right: number): boolean {
    return this.links.has([left, right].toSorted().join());
  }

  link(left: number, right: number): void {
    if (left === right || this.isLinked(left, right)) return;
    const streams = memoryStreams(150);
    const broken = (why: string) => {
      throw new Error(`a link is broken: ${why}`);
    };
    const end = (stream: ByteStream) =>
      this.flaws.losesWhenFull === true ? lossy(stream) : stream;
    const leave = [
      this.at(left).exchange.join(end(streams.left), broken),
      this.at(right).exchange.join(end(streams.right), broken),
    ];
    this.links.set([left, right].toSorted().join(), { heldMs: 0, streams, leave });
  }

  cut(left: number, right: number): void {
    const name = [left, right].toSorted().join();
    for (const act of this.links.get(name)?.leave ?? []) act();
    this.links.delete(name);
  }

  /** All that is ready: at most so many bytes on each link. True: something was. */
  work(bytes?: number): boolean {
    let did = false;
    for (const replica of this.replicas) {
      replica.ledger.step(5, this.now);
      while (replica.exchange.step()) did = true;
      // A sidecar whose session ends begins another one.
      if (replica.ledger.conflict && replica.isUp) {
        did = true;
        this.connect(this.replicas.indexOf(replica));
      }
    }
    for (const { streams } of this.links.values()) did = streams.deliver(bytes) || did;
    return did;
  }

  settle(): void {
    for (let round = 0; round < 6; round++) {
      for (
        let turns = 0;
        this.work() || !this.replicas.every(({ ledger }) => ledger.step(100, this.now));
        turns++
      )
        if (turns > 10_000) throw new Error('it does not come to an end');
      for (const { exchange } of this.replicas) exchange.remind();
    }
  }

  pass(ms: number): void {
    for (const link of this.links.values()) {
      link.heldMs += ms;
      if (link.heldMs < underWayMs) continue;
      while (link.streams.deliver());
      link.heldMs = 0;
    }
    this.now += ms;
    for (const { haproxy, ledger } of this.replicas) {
      for (const [key, { ends }] of haproxy.table) if (ends <= this.now) haproxy.table.delete(key);
      while (!ledger.step(100, this.now));
    }
  }

  /** The sum of a key as this sidecar would tell it. */
  sum(replica: number, key: string): { readonly tag: number; readonly count: number } | null {
    const { store } = this.at(replica).ledger.tables.get('T') ?? {};
    const row = store?.keys.find(Buffer.from(key), 0, key.length) ?? -1;
    if (store === undefined || row === -1) return null;
    const out = new Uint32Array(2);
    const summer = createSummer(plan, { ...mergeRules, ...this.flaws.rules });
    const left = store.sum(row, summer, out, { now: this.now });
    return left === -1 ? null : { tag: out[0] ?? 0, count: out[1] ?? 0 };
  }

  /** What this sidecar holds of an origin: its value, when that expires, and how new it is. */
  part(replica: number, origin: string, key: string) {
    const { ledger } = this.at(replica);
    const { store } = ledger.tables.get('T') ?? {};
    const row = store?.keys.find(Buffer.from(key), 0, key.length) ?? -1;
    if (store === undefined || row === -1) return null;
    for (let part = store.firstOf(row); part !== -1; part = store.after(part)) {
      const run = ledger.runs.get(store.parts.rows.get(part, partWords.run));
      if (run.origin !== origin || run.isStaged) continue;
      const [tag = 0, count = 0] = store.parts.valuesOf(part);
      const sequence = store.parts.rows.get(part, partWords.sequence);
      return {
        tag,
        count,
        ends: store.parts.rows.get(part, partWords.expiry),
        order: run.generation * 1e6 + sequence,
      };
    }
    return null;
  }
}
