import { errorMessage } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { LeftOut } from '../../model/membership.ts';
import { applicationOf, applicationSelector } from '../application.ts';
import { listed } from '../candidates.ts';
import { leftOutOf, type PodOrigin, sameWorkload, widened } from '../left-out.ts';
import type { PodFacts } from '../pods.ts';
import { type Labels, matches, parseSelector, type Selector, selectorText } from '../selector.ts';
import { workloadOf } from '../workload.ts';
import type { Connect, Connection } from './connection.ts';
import { type LookedAround, lookAround, ownOrigin } from './neighbours.ts';
import { neededOwnerRule, ownerSelector } from './owner.ts';

/** Where a selector comes from: --selector, the owner's `spec.selector`, or the labels that name the application. */
export type ScopeOrigin = 'given' | 'owner' | 'application';

/** A selector that was found, as another run of this program in the same pod takes it over. */
export interface FoundSelector {
  readonly selector: string;
  readonly origin: ScopeOrigin;
}

export interface ScopeOptions {
  readonly namespace: string;
  readonly podName: string;
  /** --selector. */
  readonly given?: string | undefined;
  /** What init has found: init and run never differ, whatever becomes of the labels meanwhile. */
  readonly kept?: FoundSelector | undefined;
  /** This pod's labels where the API server does not know it. */
  readonly labels: () => Promise<Labels>;
  readonly connect: Connect;
  readonly log: Log;
  /** Pause between two looks where nothing depends on them, in milliseconds. */
  readonly relistMs: number;
}

/**
 * Which pods are siblings. Found once, and never narrowed for the life of the process. Where the owner's selector is not
 * known, replicas of the same workload are siblings whatever labels they have, and the selector is widened for them: the
 * owner's own selector, which never changes, is among the labels that they have in common.
 */
export interface Scope {
  /** The selector to follow now. The first call finds it; rejects with an AppError to be tried again. */
  selector(signal: AbortSignal): Promise<string>;
  /** Looks at the other pods of the namespace. Never throws. */
  look(signal: AbortSignal): Promise<'same' | 'left-out' | 'selector'>;
  /** In milliseconds, until the next look. */
  pauseMs(): number;
  /** Null until it was found. */
  found(): FoundSelector | null;
  /** Of the pods that were followed, those that are siblings. */
  siblings(pods: Iterable<PodFacts>): readonly PodFacts[];
  /** Whom it leaves out, as far as is known, beside these siblings. */
  leftOut(siblings: readonly PodFacts[]): LeftOut | undefined;
  notes(): readonly string[];
}

/** A failure that may pass is tried again this often before it is done without. */
const tries = 3;
/** How soon old and new replicas must see each other where only looking tells: init waits a minute for it. */
const widenMs = 15_000;
/** Somebody waits for the operator. */
const blockedMs = 5000;
const startingMs = 250;

interface Found {
  readonly origin: ScopeOrigin;
  readonly own: PodOrigin;
  readonly base: Selector;
}

export function createScope(options: ScopeOptions): Scope {
  const { namespace, podName, log } = options;
  let found: Found | undefined;
  let followed: Selector = [];
  let around: LookedAround | undefined;
  let looked = false;
  let ownerFailures = 0;
  let lookFailures = 0;
  let outside: Pick<LeftOut, 'replicas' | 'alike'> = { replicas: [], alike: [] };
  let alone = false;
  let said = JSON.stringify(outside);

  /** Runs `act` with a connection of its own: looks are rare. */
  async function connected<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await options.connect();
    try {
      return await act(connection);
    } finally {
      connection.close();
    }
  }

  async function askOwner(
    connection: Connection,
    own: PodOrigin,
    signal: AbortSignal,
  ): Promise<{ readonly selector: Selector | null; readonly why?: string }> {
    if (own.owner === null) return { selector: null, why: 'nobody controls this pod' };
    try {
      const answer = await ownerSelector(connection, namespace, own.owner, own.labels, signal);
      if (answer.kind === 'selector') return { selector: answer.selector };
      return { selector: null, why: answer.why };
    } catch (error) {
      ownerFailures += 1;
      if (signal.aborted || ownerFailures < tries) throw error;
      return { selector: null, why: errorMessage(error) };
    }
  }

  async function find(connection: Connection, signal: AbortSignal): Promise<Found> {
    const known = await ownOrigin(connection, namespace, podName, signal);
    const { given, kept } = options;
    if (given !== undefined) {
      const own = known ?? { name: podName, labels: {}, owner: null };
      return { origin: 'given', own, base: parseSelector(given) };
    }
    const own = known ?? { name: podName, labels: await options.labels(), owner: null };
    if (kept !== undefined) return { origin: kept.origin, own, base: parseSelector(kept.selector) };
    const { selector, why } = await askOwner(connection, own, signal);
    const origin = selector === null ? 'application' : 'owner';
    const base = selector ?? applicationSelector(own.labels);
    const fields = { selector: selectorText(base), workload: workloadOf(own.labels, own.owner) };
    if (why === undefined) log.info(fields, "siblings are found by their owner's selector");
    else {
      const rule = own.owner === null ? undefined : neededOwnerRule(own.owner);
      log.info(
        { ...fields, reason: why, rule },
        'siblings are found by the labels of the application',
      );
    }
    return { origin, own, base };
  }

  function isSibling({ own, base, origin }: Found, pod: PodOrigin): boolean {
    return matches(base, pod.labels) || (origin !== 'given' && sameWorkload(own, pod));
  }

  /** Takes in what was seen: widens the selector where it may, and says whom it leaves out all the same. */
  function takeIn(scope: Found, { pods }: LookedAround): 'same' | 'left-out' | 'selector' {
    const before = selectorText(followed);
    if (scope.origin !== 'given') {
      const wanted = pods.filter((pod) => pod.name === podName || isSibling(scope, pod));
      followed = widened(followed, wanted) ?? followed;
    }
    const staying = pods.filter(({ terminating }) => !terminating);
    // Who is followed is judged by what the watch tells, which is newer.
    const next = leftOutOf(scope.own, staying, (pod) =>
      scope.origin === 'given'
        ? matches(scope.base, pod.labels)
        : isSibling(scope, pod) && matches(followed, pod.labels),
    );
    const same = JSON.stringify(next) === JSON.stringify(outside);
    outside = next;
    say(scope);
    if (selectorText(followed) !== before) return 'selector';
    return same ? 'same' : 'left-out';
  }

  function say({ origin, own }: Found): void {
    const { replicas, alike } = outside;
    const text = JSON.stringify(outside);
    if (text === said) return;
    said = text;
    const selector = selectorText(followed);
    const workload = workloadOf(own.labels, own.owner);
    if (replicas.length > 0) {
      const hint =
        'Give --selector labels that all replicas have, old and new: those of the spec.selector of the owner.';
      const fields = { code: 'SIBLINGS_LEFT_OUT', pods: replicas, selector, workload, hint };
      log.warn(fields, 'running replicas of the same workload are left out: they share nothing');
    }
    if (alike.length > 0) {
      const application = Object.fromEntries(applicationOf(own.labels));
      const fields = { code: 'LOOKALIKES_LEFT_OUT', pods: alike, selector, application, origin };
      log.warn(fields, 'pods that look like replicas are no siblings: they share nothing');
    }
    if (replicas.length + alike.length === 0) log.info({ selector }, 'nobody is left out any more');
  }

  async function lookWith(connection: Connection, scope: Found, signal: AbortSignal) {
    // A replica that has not started yet must be let in; one that holds nothing keeps nobody waiting.
    const running = scope.origin === 'given';
    const result = await lookAround(connection, { namespace, own: scope.own, running, signal });
    if (!result.complete && around?.complete !== false)
      log.info({ seen: result.what }, 'too many pods to look at all of them');
    around = result;
    return takeIn(scope, result);
  }

  return {
    async selector(signal) {
      if (looked) return selectorText(followed);
      return connected(async (connection) => {
        if (found === undefined) {
          found = await find(connection, signal);
          followed = found.base;
        }
        try {
          await lookWith(connection, found, signal);
        } catch (error) {
          lookFailures += 1;
          if (signal.aborted || lookFailures < tries) throw error;
          log.warn({ reason: errorMessage(error) }, 'whom the selector leaves out is not known');
        }
        looked = true;
        return selectorText(followed);
      });
    },
    async look(signal) {
      if (found === undefined || !looked) return 'same';
      const scope = found;
      try {
        return await connected((connection) => lookWith(connection, scope, signal));
      } catch (error) {
        log.debug({ reason: errorMessage(error) }, 'cannot look whom the selector leaves out');
        return 'same';
      }
    },
    pauseMs() {
      if (!looked) return startingMs;
      if (outside.replicas.length > 0 && alone) return blockedMs;
      return found?.origin === 'application' ? widenMs : options.relistMs;
    },
    found() {
      if (found === undefined || !looked) return null;
      return { selector: selectorText(followed), origin: found.origin };
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
    notes() {
      const { replicas, alike } = outside;
      const text = selectorText(followed);
      return [
        ...(replicas.length === 0
          ? []
          : [`the selector ${text} leaves out running replicas: ${listed(replicas)}`]),
        ...(alike.length === 0
          ? []
          : [`the selector ${text} leaves out pods that look like replicas: ${listed(alike)}`]),
      ];
    },
  };
}
