import type { WatchHealth } from '../kubernetes/informer.ts';
import type { Membership } from '../model/membership.ts';
import type { GeneralMetrics } from './metrics.ts';
import type { Status } from './status-schema.ts';

export interface ScrapeOptions {
  readonly metrics: GeneralMetrics;
  readonly status: () => Promise<Status>;
  readonly source: { readonly name: string; snapshot(): Membership };
  /** The date, in milliseconds since the epoch; null before the first. */
  readonly lastPassAtMs: () => number | null;
  /** What modules show of the status. */
  readonly show: readonly ((status: Status) => void)[];
}

/**
 * Updates the metrics that are only read at a scrape: HAProxy's state. While HAProxy does not answer, their series are
 * absent, because unknown is not 0.
 */
export function createScrape(options: ScrapeOptions): () => Promise<void> {
  const { metrics, source } = options;

  function showHaproxy({ haproxy }: Status): void {
    metrics.haproxyInfo.reset();
    if (haproxy.version !== null) metrics.haproxyInfo.set({ version: haproxy.version }, 1);
    // HAProxy's own count is copied. It starts again with its master, and without an answer the series is absent.
    metrics.haproxyReloads.remove();
    if (haproxy.reloads !== null) metrics.haproxyReloads.inc(haproxy.reloads);
  }

  return async () => {
    const status = await options.status();
    for (const show of [showHaproxy, ...options.show]) show(status);
    const { observedAtMs } = source.snapshot();
    if (observedAtMs > 0) metrics.heardSeconds.set({ source: source.name }, observedAtMs / 1000);
    metrics.lastPassSeconds.set((options.lastPassAtMs() ?? 0) / 1000);
  };
}

/** How the API server is followed, into the metrics. */
export function countWatch(
  metrics: GeneralMetrics,
  source: string,
  wallNow: () => number,
): WatchHealth {
  return {
    opened() {
      metrics.sourceConnected.set({ source }, 1);
      metrics.sourceWatches.inc({ source });
    },
    listed() {
      metrics.sourceListedSeconds.set({ source }, wallNow() / 1000);
    },
    failed(code) {
      metrics.sourceConnected.set({ source }, 0);
      metrics.sourceFailures.inc({ source, code });
    },
  };
}
