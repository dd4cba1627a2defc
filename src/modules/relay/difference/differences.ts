import {
  createLinkDifference,
  type LinkDifference,
  type LinkToCompare,
} from './link-difference.ts';
import type { DifferencesOptions, Shared } from './shared.ts';

export interface Differences {
  link(link: LinkToCompare): LinkDifference;
  stop(): Promise<void>;
}

const knownAtMost = 1000;

/** Lessons by difference over every link: of our HAProxy, and of others from it. */
export function createDifferences(options: DifferencesOptions): Differences {
  const stopped = new AbortController();
  const running = new Set<Promise<unknown>>();
  /** Pods that there was a link with, the last ones. */
  const known = new Set<string>();
  const shared: Shared = {
    ...options,
    stopped: stopped.signal,
    run(what) {
      running.add(what);
      void what.finally(() => running.delete(what));
    },
  };
  return {
    link(link) {
      const { uid } = link.other;
      const hadLink = known.delete(uid);
      known.add(uid);
      const [oldest] = known;
      if (known.size > knownAtMost && oldest !== undefined) known.delete(oldest);
      return createLinkDifference(shared, link, hadLink);
    },
    async stop() {
      stopped.abort();
      await Promise.all(running);
    },
  };
}
