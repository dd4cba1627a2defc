import { errorMessage } from '../../errors.ts';
import type { Connect, Connection } from '../../kubernetes/connection.ts';
import type { LeftOut } from '../../model/membership.ts';
import { matches, type Selector, selectorText } from '../../model/selector.ts';
import { leftOutOf, type PodOrigin, sameWorkload, widened } from '../left-out.ts';
import type { PodFacts } from '../pods.ts';
import { createLeftOutReport, leftOutNotes, nobodyOutside } from './left-out-report.ts';
import { type LookedAround, lookAround } from './neighbours.ts';
import {
  createFinder,
  type FinderOptions,
  type Found,
  type FoundSelector,
  tries,
} from './scope-finder.ts';

export interface ScopeOptions extends FinderOptions {
  readonly connect: Connect;
  /** Pause between two checks if nothing depends on them, in milliseconds. */
  readonly relistMs: number;
  readonly random?: () => number;
}

/**
 * Which pods are siblings. Found once, and never narrowed for the life of the process. Where the owner's selector is not
 * known, replicas of the same workload are siblings whatever labels they have, and the selector is widened for them: the
 * owner's own selector, which never changes, is among the labels that they have in common.
 */
export interface Scope {
  /**
   * The selector to follow now. The first call finds it, and rejects with an AppError if it should be tried again.
   */
  selector(signal: AbortSignal): Promise<string>;
  /** Looks at the other pods of the namespace. Never throws. */
  look(signal: AbortSignal): Promise<'same' | 'left-out' | 'selector'>;
  /** Time until the next check, in milliseconds. */
  pauseMs(): number;
  /** Null until it was found. */
  found(): FoundSelector | null;
  /** Of the pods that were followed, those that are siblings. */
  siblings(pods: Iterable<PodFacts>): readonly PodFacts[];
  /** The pods that it leaves out, as far as known, beside these siblings. */
  leftOut(siblings: readonly PodFacts[]): LeftOut | undefined;
  notes(): readonly string[];
}

/** How soon old and new replicas must see each other if only these checks find them: init waits a minute for it. */
const widenMs = { least: 15_000, aPod: 40, most: 40_000 } as const;
/** A pod waits for the operator, who may be busy: `soon` for this many checks, then less often. */
const blockedMs = { soon: 5000, looks: 60, later: 30_000 } as const;
const startingMs = 250;
export function createScope(options: ScopeOptions): Scope {
  const { namespace, podName, log, random = Math.random } = options;
  const find = createFinder(options);
  const report = createLeftOutReport(log);
  let found: Found | undefined;
  let followed: Selector = [];
  let around: LookedAround | undefined;
  let looked = false;
  let lookFailures = 0;
  let outside = nobodyOutside;
  let alone = false;
  let blockedLooks = 0;
  /** Replicas that started together should not check at the same times for ever. */
  let spread = 1;

  /** Runs `act` with its own connection, because these checks are rare. */
  async function connected<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await options.connect();
    try {
      return await act(connection);
    } finally {
      connection.close();
    }
  }

  function isSelected({ base }: Found, { labels }: PodOrigin): boolean {
    return base !== null && matches(base, labels);
  }

  function isSibling(scope: Found, pod: PodOrigin): boolean {
    return isSelected(scope, pod) || (scope.origin !== 'given' && sameWorkload(scope.own, pod));
  }

  /** Uses the result: widens the selector if allowed, and reports the pods that it still leaves out. */
  function takeIn(scope: Found, { pods }: LookedAround): 'same' | 'left-out' | 'selector' {
    const before = selectorText(followed);
    if (scope.origin !== 'given') {
      const wanted = pods.filter((pod) => pod.name === podName || isSibling(scope, pod));
      followed = widened(followed, wanted) ?? followed;
    }
    const staying = pods.filter(({ terminating }) => !terminating);
    // For pods that are followed, the watch counts, because it is newer.
    const next = leftOutOf(scope.own, staying, (pod) =>
      scope.origin === 'given'
        ? isSelected(scope, pod)
        : isSibling(scope, pod) && matches(followed, pod.labels),
    );
    const same = JSON.stringify(next) === JSON.stringify(outside);
    outside = next;
    report(scope, selectorText(followed), outside);
    if (selectorText(followed) !== before) return 'selector';
    return same ? 'same' : 'left-out';
  }

  async function lookWith(connection: Connection, scope: Found, signal: AbortSignal) {
    // A replica that has not started yet must be added, but no pod waits for one that holds nothing.
    const running = scope.origin === 'given';
    const result = await lookAround(connection, { namespace, own: scope.own, running, signal });
    if (!result.complete && around?.complete !== false)
      log.info({ seen: result.what }, 'too many pods to look at all of them');
    around = result;
    spread = 0.9 + random() * 0.2;
    return takeIn(scope, result);
  }

  return {
    async selector(signal) {
      if (looked) return selectorText(followed);
      return connected(async (connection) => {
        if (found === undefined) {
          found = await find(connection, signal);
          followed = found.first;
        }
        try {
          await lookWith(connection, found, signal);
        } catch (error) {
          lookFailures += 1;
          if (signal.aborted || lookFailures < tries) throw error;
          log.warn(
            { reason: errorMessage(error) },
            'it is not known which pods the selector leaves out',
          );
        }
        looked = true;
        return selectorText(followed);
      });
    },
    async look(signal) {
      if (found === undefined || !looked) return 'same';
      const scope = found;
      blockedLooks = outside.replicas.length > 0 && alone ? blockedLooks + 1 : 0;
      try {
        return await connected((connection) => lookWith(connection, scope, signal));
      } catch (error) {
        log.debug(
          { reason: errorMessage(error) },
          'cannot check which pods the selector leaves out',
        );
        return 'same';
      }
    },
    pauseMs() {
      if (!looked) return startingMs;
      if (outside.replicas.length > 0 && alone)
        return blockedLooks < blockedMs.looks ? blockedMs.soon : blockedMs.later;
      if (found?.origin !== 'application' && found?.origin !== 'workload')
        return options.relistMs * spread;
      // Each replica reads about all of them: the more there are, the less often.
      const wantedMs = (around?.pods.length ?? 0) * widenMs.aPod;
      return Math.min(Math.max(wantedMs, widenMs.least), widenMs.most) * spread;
    },
    found() {
      if (found === undefined || !looked) return null;
      const [selector, base] = [selectorText(followed), selectorText(found.base ?? followed)];
      return { selector, origin: found.origin, ...(base === selector ? {} : { base }) };
    },
    siblings(pods) {
      const scope = found;
      if (scope === undefined || scope.origin === 'given') return [...pods];
      return [...pods].filter(
        ({ name, origin }) => name === podName || origin === undefined || isSibling(scope, origin),
      );
    },
    leftOut(siblings) {
      const others = siblings.filter(({ name }) => name !== podName);
      alone = !others.some(({ running, terminating }) => running === true && !terminating);
      const names = new Set(others.map(({ name }) => name));
      const rest = (pods: readonly string[]) => pods.filter((name) => !names.has(name));
      const replicas = rest(outside.replicas);
      const alike = rest(outside.alike);
      return replicas.length + alike.length === 0 ? undefined : { replicas, alike, alone };
    },
    notes: () => leftOutNotes(outside, selectorText(followed)),
  };
}
