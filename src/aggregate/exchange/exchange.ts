import { ticksSince } from '../codec/ticks.ts';
import type { LedgerTable } from '../store/ledger.ts';
import { partWords } from '../store/parts.ts';
import {
  type Conversation,
  type ConversationOptions,
  converse,
  type SumsStream,
} from './conversation.ts';
import { createPresence } from './presence.ts';
import { marksOf } from './scan.ts';
import { createPartsWriter, type PartsWriter } from './write-parts.ts';

/** Own parts that are told at a time: about 3 ms of work. */
export const flushKeys = 2000;

/** Who was asked and has said nothing for so long is not waited for. */
export const patienceMs = 500;

export interface Exchange {
  /** A link to another sidecar; call what it returns when it is closed. */
  join(stream: SumsStream, broken: (why: string) => void): () => void;
  /** Tells own parts that have changed, and goes on with what others lack. True: there is more to do at once. */
  step(): boolean;
  /** Asks all for what is newer: the tables are known from now on. */
  ask(): void;
  /** Some times a minute: says what is held. */
  remind(): void;
  /** All have said what was asked for. */
  readonly isComplete: boolean;
}

export type ExchangeOptions = Omit<ConversationOptions, 'broken' | 'speaks'>;

export function createExchange(options: ExchangeOptions): Exchange {
  const { ledger, now } = options;
  const conversations = new Set<Conversation>();
  const presence = createPresence(ledger);
  const writers = new WeakMap<LedgerTable, PartsWriter>();
  /** Those to be asked yet: one after the other, as each holds nearly all that the others do. */
  const unasked = new Set<Conversation>();
  let asked: Conversation | null = null;
  let hasAsked = false;
  /** Runs with a gap that was there the last time, and those for which everybody was asked. */
  let gaps = '';
  let askedFor = '';

  function writerOf(table: LedgerTable): PartsWriter {
    const writer = writers.get(table) ?? createPartsWriter(table);
    writers.set(table, writer);
    return writer;
  }

  /** Own parts of one table, as the flush `sequence`. */
  function flushTable(table: LedgerTable, limit: number, sequence: number): number {
    const { store } = table;
    const writer = writerOf(table);
    let count = 0;
    for (; count < limit && !writer.isFull; count++) {
      const row = store.own.take();
      if (row === -1) break;
      const part = store.partOf(row, ledger.own?.run ?? 0);
      if (part === -1) continue;
      store.parts.rows.set(part, partWords.sequence, sequence);
      writer.add(row, part, now());
    }
    return count;
  }

  /** True: there are more. */
  function flush(): boolean {
    const { own } = ledger;
    if (own === null) return false;
    const sequence = ledger.sequence + 1;
    let left = flushKeys;
    let isMore = false;
    const parts: Buffer[] = [];
    for (const table of ledger.tables.values()) {
      left -= flushTable(table, left, sequence);
      isMore ||= writerOf(table).isFull;
      const message = writerOf(table).take(now());
      if (message !== null) parts.push(message);
    }
    if (left === flushKeys) return false;
    ledger.sequence = sequence;
    Object.assign(ledger.runs.get(own.run), { complete: sequence, newest: sequence });
    for (const conversation of conversations)
      conversation.flushed(parts, { ...own, sequence, newest: sequence });
    return isMore || left <= 0;
  }

  function askNext(): void {
    const isAnswering =
      asked !== null &&
      conversations.has(asked) &&
      !asked.isComplete &&
      ticksSince(asked.heardAt, now()) < patienceMs;
    if (isAnswering) return;
    const [next = null] = unasked;
    asked = next;
    if (next === null) return;
    unasked.delete(next);
    next.ask();
  }

  ledger.flushOwn = flush;
  return {
    join(stream, broken) {
      const speaks = (origin: string) => presence.speaks(stream, origin);
      const conversation = converse(stream, { ...options, broken, speaks });
      conversations.add(conversation);
      if (hasAsked) unasked.add(conversation);
      askNext();
      return () => {
        conversations.delete(conversation);
        unasked.delete(conversation);
        presence.left(stream);
      };
    },
    step() {
      presence.look(now());
      askNext();
      // What is looked for has the number of its flush then.
      if (flush()) return true;
      let hasMore = false;
      for (const conversation of conversations) hasMore = conversation.step() || hasMore;
      return hasMore;
    },
    ask() {
      hasAsked = true;
      for (const conversation of conversations) unasked.add(conversation);
      askNext();
    },
    remind() {
      // What a HAProxy that has gone has said last may be held by some only, and nobody else can say that this was all.
      const found = marksOf(ledger)
        .filter(({ sequence, newest }) => newest > sequence)
        .map(({ origin, generation, sequence }) => `${origin} ${generation} ${sequence}`)
        .join();
      const isLasting = found !== '' && found === gaps && found !== askedFor;
      gaps = found;
      if (isLasting) askedFor = found;
      for (const conversation of conversations)
        if (isLasting) unasked.add(conversation);
        else conversation.remind();
    },
    get isComplete() {
      const isEach = [...conversations].every((conversation) => conversation.isComplete);
      return hasAsked && unasked.size === 0 && isEach;
    },
  };
}
