import type { SumsStream } from '../../aggregate/exchange/conversation.ts';
import type { Module } from '../../engine/module.ts';
import type { Log } from '../../log.ts';
import type { Membership } from '../../model/membership.ts';
import type { Running } from '../../model/worker.ts';
import type { MetricsOf } from '../../telemetry/metrics.ts';
import type { Status } from '../../telemetry/status-schema.ts';
import type { HaproxyAddress } from '../relay/section/address.ts';
import type { aggregateMetrics } from './metrics.ts';
import type { startReplica } from './replica/replica.ts';
import type { Suffixes } from './session/tables.ts';
import { standingOf } from './standing.ts';
import { watchWorker } from './worker-watch.ts';

/** A link to another sidecar, as far as sums need it. */
export interface LinkToSum {
  readonly other: { readonly pod: string };
  /** Null: it says nothing of sums, or in another version. */
  readonly sums: SumsStream | null;
  readonly closed: Promise<string>;
}

export interface SumsOptions {
  /** The line of the sidecar in the section of sums. */
  readonly at: HaproxyAddress;
  /** What HAProxy calls itself. */
  readonly localName: string;
  readonly slot: string;
  readonly suffix: Suffixes;
  readonly maxKeys: number;
  readonly start: typeof startReplica;
  /** Who answers on the admin socket. Never throws. */
  readonly running: (signal: AbortSignal) => Promise<Running>;
  readonly membership: () => Membership;
  readonly selfName: string;
  /** Sums are current, or are not any more: for readiness. */
  readonly poke: () => void;
  readonly log: Log;
  readonly metrics: MetricsOf<typeof aggregateMetrics>;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export interface Sums {
  readonly module: Module;
  linked(link: LinkToSum): void;
  status(): NonNullable<Status['aggregate']>;
  /** Brings the metrics up to date. */
  show(): void;
  /** Follows HAProxy until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** Where sums do not come, a pod becomes ready without them: they are a limit, and no reason to serve nobody. */
const waitMs = 10_000;

/** The sums of all replicas for the own HAProxy. */
export function startSums(options: SumsOptions): Sums {
  const { at, localName: local, slot, suffix, maxKeys, log, now, metrics } = options;
  /** By the name of the pod: those linked now, and why one says nothing; null: it does. */
  const linked = new Map<string, { readonly link: LinkToSum; trouble: string | null }>();
  let why: string | null = 'there was no session with HAProxy yet';
  let waitedSinceMs: number | null = null;

  const replica = options.start({
    ...{ at, local, slot, suffixes: suffix, maxKeys },
    isAwaited() {
      const { synced, members } = options.membership();
      const others = members.filter(
        ({ name, serving, terminating }) =>
          name !== options.selfName && serving !== false && !terminating,
      );
      return !synced || others.some(({ name }) => !linked.has(name));
    },
    ended(reason) {
      if (reason !== why) log.info({ why: reason }, 'no session for sums');
      why = reason;
    },
    onCurrent(isCurrent) {
      metrics.aggregateCurrent.set(isCurrent ? 1 : 0);
      if (isCurrent) {
        why = null;
        const { origins, tables } = standingOf(replica.ledger);
        log.info({ origins, tables: tables.map(({ name }) => name) }, 'sums are current');
      }
      options.poke();
    },
  });
  metrics.aggregateCurrent.set(0);

  function waits(isUp: boolean): string | null {
    if (!isUp || replica.isCurrent) {
      waitedSinceMs = null;
      return null;
    }
    waitedSinceMs ??= now();
    return now() - waitedSinceMs < waitMs ? 'the sums of all replicas are not there yet' : null;
  }

  function troubles(): readonly string[] {
    const isLate = waitedSinceMs !== null && now() - waitedSinceMs >= waitMs;
    const ofLinks = [...linked].flatMap(([pod, { trouble }]) =>
      trouble === null ? [] : [`no sums of ${pod}: ${trouble}`],
    );
    return [
      ...(isLate ? [`no sums are told to HAProxy: ${why ?? 'its lesson goes on'}`] : []),
      ...ofLinks,
    ];
  }

  return {
    module: {
      name: 'aggregate',
      request: () => null,
      waits: ({ kind }) => waits(kind !== 'down'),
      trouble: () => troubles().join('; ') || null,
    },
    linked(link) {
      const { pod } = link.other;
      const entry = { link, trouble: null as string | null };
      linked.set(pod, entry);
      let leave = () => {};
      if (link.sums === null)
        entry.trouble = 'its sidecar runs without --aggregate, or has another version of it';
      else
        leave = replica.join(link.sums, (reason) => {
          entry.trouble = reason;
          log.error(
            { code: 'BUG', pod, why: reason },
            'what a sidecar says of sums cannot be read',
          );
          leave();
        });
      void link.closed.then(() => {
        leave();
        if (linked.get(pod) === entry) linked.delete(pod);
      });
    },
    status() {
      return {
        current: replica.isCurrent,
        links: [...linked.values()].filter(({ trouble }) => trouble === null).length,
        ...standingOf(replica.ledger),
      };
    },
    show() {
      const { links, origins, tables } = this.status();
      metrics.aggregateLinks.set(links);
      metrics.aggregateOrigins.set(origins);
      for (const { name: table, keys, evicted } of tables) {
        metrics.aggregateKeys.set({ table }, keys);
        metrics.aggregateEvicted.set({ table }, evicted);
      }
    },
    run: (signal) =>
      watchWorker(
        {
          running: options.running,
          changed() {
            replica.redial('another worker of HAProxy runs');
            // Nor may another section have noticed.
            options.poke();
          },
        },
        signal,
      ),
    stop: () => replica.stop(),
  };
}
