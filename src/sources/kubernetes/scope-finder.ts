import { errorMessage } from '../../errors.ts';
import type { Connection } from '../../kubernetes/connection.ts';
import type { Log } from '../../log.ts';
import { type Labels, parseSelector, type Selector, selectorText } from '../../model/selector.ts';
import { applicationOf, applicationSelector } from '../application.ts';
import { inCommon, type PodOrigin } from '../left-out.ts';
import { workloadOf } from '../workload.ts';
import { ownOrigin } from './neighbours.ts';
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
  /** The labels of siblings with any owner, if they are narrower. */
  readonly base?: string | undefined;
}

/** The labels that identify siblings. */
export interface Found {
  readonly origin: ScopeOrigin;
  readonly own: PodOrigin;
  /** Null: only the workload identifies siblings, not labels. */
  readonly base: Selector | null;
  /** What is followed before anybody was seen. */
  readonly first: Selector;
}

/** A failure that may pass is tried again this often before it is done without. */
export const tries = 3;
export interface FinderOptions {
  readonly namespace: string;
  readonly podName: string;
  /** --selector. */
  readonly given?: string | undefined;
  /** What init has found: init and run never differ, whatever becomes of the labels meanwhile. */
  readonly kept?: FoundSelector | undefined;
  /** This pod's labels where the API server does not know it. */
  readonly labels: () => Promise<Labels>;
  readonly log: Log;
}

export type Find = (connection: Connection, signal: AbortSignal) => Promise<Found>;

/** Finds the first selector. Rejects with an AppError if it should be tried again. */
export function createFinder(options: FinderOptions): Find {
  const { namespace, podName, log } = options;
  let ownerFailures = 0;

  async function askOwner(
    connection: Connection,
    own: PodOrigin,
    signal: AbortSignal,
  ): Promise<{ readonly selector: Selector | null; readonly why?: string }> {
    if (own.owner === null) return { selector: null, why: 'this pod has no controller' };
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
    // The pod itself shows its workload, so no label has to name it.
    const shared = isNamed || own.owner === null ? null : inCommon([own]);
    const named = selector ?? (shared === null ? applicationSelector(own.labels) : null);
    const first = named ?? shared ?? [];
    const origin = selector !== null ? 'owner' : named !== null ? 'application' : 'workload';
    const fields = { selector: selectorText(first), workload: workloadOf(own.labels, own.owner) };
    if (why === undefined) log.info(fields, "peers are found by their owner's selector");
    else {
      const rule = own.owner === null ? undefined : neededOwnerRule(own.owner);
      log.info(
        { ...fields, reason: why, rule },
        named === null
          ? 'peers are the replicas of the same workload'
          : 'peers are found by the labels of the application',
      );
    }
    return { origin, own, base: named, first };
  }

  return find;
}

/** Pods that init accepted as siblings stay siblings, but the selector it followed may also match other pods. */
function takeOver({ origin, selector, base }: FoundSelector, own: PodOrigin): Found {
  const first = parseSelector(selector);
  if (origin === 'workload' && own.owner !== null) return { origin, own, base: null, first };
  return { origin, own, base: base === undefined ? first : parseSelector(base), first };
}
