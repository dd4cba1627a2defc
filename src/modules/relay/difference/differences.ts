import {
  createLinkDifference,
  type LinkDifference,
  type LinkToCompare,
} from './link-difference.ts';
import type { DifferencesOptions, SessionFrom, Shared } from './shared.ts';
import { createWhole } from './whole.ts';

export interface Differences {
  /** Missing: the session brings all that HAProxy itself would send. */
  link(link: LinkToCompare, from?: SessionFrom): LinkDifference;
  stop(): Promise<void>;
}

const knownAtMost = 1000;

const wholeSession: SessionFrom = { marks: () => new Map(), compared() {} };

/** Lessons by difference over every link: of our HAProxy, and of others from it. */
export function createDifferences(options: DifferencesOptions): Differences {
  const stopped = new AbortController();
  const running = new Set<Promise<unknown>>();
  /** Pods that there was a link with, the last ones. */
  const known = new Set<string>();
  const shared: Shared = {
    ...options,
    stopped: stopped.signal,
    whole: createWhole(options.now),
    run(what) {
      running.add(what);
      void what.finally(() => running.delete(what));
    },
  };
  return {
    link(link, from = wholeSession) {
      const { uid } = link.other;
      const hadLink = known.delete(uid);
      known.add(uid);
      const [oldest] = known;
      if (known.size > knownAtMost && oldest !== undefined) known.delete(oldest);
      return createLinkDifference(shared, link, hadLink, from);
    },
    async stop() {
      stopped.abort();
      await Promise.all(running);
    },
  };
}
