import { randomBytes } from 'node:crypto';
import { tickOf } from '../../../aggregate/codec/ticks.ts';
import type { SumsStream } from '../../../aggregate/exchange/conversation.ts';
import { createExchange } from '../../../aggregate/exchange/exchange.ts';
import { Ledger } from '../../../aggregate/store/ledger.ts';
import { monotonicNow, repeat, sleep } from '../../../clock.ts';
import type { HaproxyAddress } from '../../relay/section/address.ts';
import { openSession, type Session } from '../session/session.ts';
import type { Suffixes } from '../session/tables.ts';
import { createPacer } from './pacer.ts';

export interface ReplicaOptions {
  /** Where HAProxy listens for peers. */
  readonly at: HaproxyAddress;
  /** Its `localpeer`. */
  readonly local: string;
  /** The peer line of the sidecar. */
  readonly slot: string;
  readonly suffixes: Suffixes;
  /** Of each table. */
  readonly maxKeys: number;
  /** Why there is no session, or why one has ended. */
  readonly ended: (why: string) => void;
  /** Another sidecar is to be linked yet: what it holds is waited for, too. */
  readonly isAwaited?: () => boolean;
  /** The sums are current, or are not any more. */
  readonly onCurrent?: (isCurrent: boolean) => void;
}

export interface Replica {
  readonly ledger: Ledger;
  /** A link to another sidecar; call what it returns when it is closed. `broken`: what comes over it is none of ours. */
  join(stream: SumsStream, broken: (why: string) => void): () => void;
  /** HAProxy has been told sums that hold all that was known when the session began. */
  readonly isCurrent: boolean;
  /** Ends the session with HAProxy, and begins another one at once. */
  redial(why: string): void;
  stop(): Promise<void>;
}

/** Between flushes; HAProxy is told as often. */
const paceMs = 20;
/** How often expiries and periods of rates are looked for. */
const tickMs = 50;
const remindMs = 5000;
const redialMs = 20;
const dialTimeoutMs = 2000;
/** The others are waited for before sums are told: else these would be too low. */
const othersMs = 2000;
/** After so long without a turn, nobody knows how old is what HAProxy has sent meanwhile. */
const stallMs = 1000;

export function startReplica(options: ReplicaOptions): Replica {
  const now = () => tickOf(monotonicNow());
  const ledger = new Ledger({
    maxKeys: options.maxKeys,
    seed: () => randomBytes(4).readUInt32BE(),
  });
  const pacer = createPacer(act, paceMs);
  const exchange = createExchange({ ledger, now, changed: pacer.soon });
  const over = new AbortController();
  let session: Session | null = null;
  let settledMs: number | null = null;
  let tickedMs = monotonicNow();
  let wasCurrent = false;

  function act(): boolean {
    const hasMore = exchange.step();
    const isBusy = session?.tell() === true;
    look();
    return hasMore || isBusy;
  }

  function mayTell(): boolean {
    const isWhole = exchange.isComplete && options.isAwaited?.() !== true;
    return isWhole || (settledMs !== null && monotonicNow() - settledMs > othersMs);
  }

  function isCurrent(): boolean {
    return session !== null && ledger.isSettled && mayTell();
  }

  function look(): void {
    const is = isCurrent();
    if (is !== wasCurrent) options.onCurrent?.(is);
    wasCurrent = is;
  }

  function tick(): void {
    const nowMs = monotonicNow();
    const stoodMs = nowMs - tickedMs;
    tickedMs = nowMs;
    if (stoodMs > stallMs)
      session?.close(`this sidecar has stood still for ${Math.round(stoodMs)} ms`);
    if (session === null) ledger.step(2000, now());
    pacer.soon();
  }

  async function serve(): Promise<void> {
    const { at, local, slot, suffixes } = options;
    const opened = await openSession({
      ...{ at, local, slot, suffixes, ledger, now, mayTell },
      ...{ timeoutMs: dialTimeoutMs, signal: over.signal },
      changed: pacer.soon,
      settled() {
        settledMs = monotonicNow();
        exchange.ask();
      },
    });
    if (typeof opened === 'string') {
      options.ended(opened);
      return;
    }
    session = opened;
    pacer.soon();
    const why = await opened.ended;
    session = null;
    look();
    options.ended(why);
  }

  const serving = (async () => {
    while (!over.signal.aborted) {
      await serve();
      await sleep(redialMs, over.signal).catch(() => {});
    }
  })();
  const stops = [
    repeat(tick, tickMs),
    repeat(() => exchange.remind(), remindMs),
    () => pacer.stop(),
    () => session?.close('the sidecar stops'),
  ];
  return {
    ledger,
    join: (stream, broken) => exchange.join(stream, broken),
    get isCurrent() {
      return isCurrent();
    },
    redial: (why) => session?.close(why),
    async stop() {
      over.abort();
      for (const stop of stops) stop();
      await serving;
    },
  };
}
