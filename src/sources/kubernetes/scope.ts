import { errorMessage } from '../../errors.ts';
import type { Connect, Connection } from '../../kubernetes/connection.ts';
import type { Log } from '../../log.ts';
import type { LeftOut } from '../../model/membership.ts';
import {
  type Labels,
  matches,
  parseSelector,
  type Selector,
  selectorText,
} from '../../model/selector.ts';
import { applicationOf, applicationSelector } from '../application.ts';
import { listed } from '../choose-members.ts';
import { inCommon, leftOutOf, type PodOrigin, sameWorkload, widened } from '../left-out.ts';
import type { PodFacts } from '../pods.ts';
import { workloadOf } from '../workload.ts';
import { type LookedAround, lookAround, ownOrigin } from './neighbours.ts';
import { neededOwnerRule, ownerSelector } from './owner.ts';

/**
 * Where a selector comes from: --selector, the owner's `spec.selector`, the labels that name the application, or, where
 * no label does, what the replicas of the workload have in common.
 */
export type ScopeOrigin = 'given' | 'owner' | 'application' | 'workload';

/** A selector that was found, as another run of this program in the same pod takes it over. */
export interface FoundSelector {
  /** Which pods are followed: wide enough for all siblings, be it that others have such labels, too. */
  readonly selector: string;
  readonly origin: ScopeOrigin;
  /** Which of them are siblings whoever made them, where that is less. */
  readonly base?: string | undefined;
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
  readonly random?: () => number;
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
const widenMs = { least: 15_000, aPod: 40, most: 40_000 } as const;
/** Somebody waits for the operator, who may be busy elsewhere: `soon` for so many looks, then less often. */
const blockedMs = { soon: 5000, looks: 60, later: 30_000 } as const;
const startingMs = 250;
/** Up to 2,000 pods may be left out. */
const namesInLog = 20;

interface Found {
  readonly origin: ScopeOrigin;
  readonly own: PodOrigin;
  /** Null: no labels say who is a sibling, but the workload alone. */
  readonly base: Selector | null;
  /** What is followed before anybody was seen. */
  readonly first: Selector;
}

export function createScope(options: ScopeOptions): Scope {
  const { namespace, podName, log, random = Math.random } = options;
  let found: Found | undefined;
  let followed: Selector = [];
  let around: LookedAround | undefined;
  let looked = false;
  let ownerFailures = 0;
  let lookFailures = 0;
  let outside: Pick<LeftOut, 'replicas' | 'alike'> = { replicas: [], alike: [] };
  let alone = false;
  let blockedLooks = 0;
  /** Replicas that started together do not look together for ever. */
  let spread = 1;
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
      const base = parseSelector(given);
      return { origin: 'given', own, base, first: base };
    }
    const own = known ?? { name: podName, labels: await options.labels(), owner: null };
    if (kept !== undefined) return takeOver(kept, own);
    const { selector, why } = await askOwner(connection, own, signal);
    const isNamed = applicationOf(own.labels).size > 0;
    // Which workload it is the pod tells by itself: no label has to name it.
    const shared = isNamed || own.owner === null ? null : inCommon([own]);
    const named = selector ?? (shared === null ? applicationSelector(own.labels) : null);
    const first = named ?? shared ?? [];
    const origin = selector !== null ? 'owner' : named !== null ? 'application' : 'workload';
    const fields = { selector: selectorText(first), workload: workloadOf(own.labels, own.owner) };
    if (why === undefined) log.info(fields, "siblings are found by their owner's selector");
    else {
      const rule = own.owner === null ? undefined : neededOwnerRule(own.owner);
      log.info(
        { ...fields, reason: why, rule },
        named === null
          ? 'siblings are the replicas of the same workload'
          : 'siblings are found by the labels of the application',
      );
    }
    return { origin, own, base: named, first };
  }

  /** What init was told is a sibling still is; what it followed may have strangers in it. */
  function takeOver({ origin, selector, base }: FoundSelector, own: PodOrigin): Found {
    const first = parseSelector(selector);
    if (origin === 'workload' && own.owner !== null) return { origin, own, base: null, first };
    return { origin, own, base: base === undefined ? first : parseSelector(base), first };
  }

  function isSelected({ base }: Found, { labels }: PodOrigin): boolean {
    return base !== null && matches(base, labels);
  }

  function isSibling(scope: Found, pod: PodOrigin): boolean {
    return isSelected(scope, pod) || (scope.origin !== 'given' && sameWorkload(scope.own, pod));
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
        ? isSelected(scope, pod)
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
      const pods = replicas.slice(0, namesInLog);
      const count = replicas.length;
      const fields = { code: 'SIBLINGS_LEFT_OUT', pods, count, selector, workload, hint };
      log.warn(fields, 'running replicas of the same workload are left out: they share nothing');
    }
    if (alike.length > 0) {
      const application = Object.fromEntries(applicationOf(own.labels));
      const pods = alike.slice(0, namesInLog);
      const count = alike.length;
      const fields = { code: 'LOOKALIKES_LEFT_OUT', pods, count, selector, application, origin };
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
          log.warn({ reason: errorMessage(error) }, 'whom the selector leaves out is not known');
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
        log.debug({ reason: errorMessage(error) }, 'cannot look whom the selector leaves out');
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
