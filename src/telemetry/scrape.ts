import type { WatchHealth } from '../kubernetes/informer.ts';
import type { Membership } from '../model/membership.ts';
import type { Metrics } from './metrics.ts';
import type { Status } from './status-schema.ts';

export interface ScrapeOptions {
  readonly metrics: Metrics;
  readonly status: () => Promise<Status>;
  readonly source: { readonly name: string; snapshot(): Membership };
  /** The date, in milliseconds since the epoch; null before the first. */
  readonly lastPassAtMs: () => number | null;
  /** Series by sibling, too: with many replicas they are many. */
  readonly perSibling: boolean;
}

/**
 * Brings those metrics up to date that are asked for when somebody looks: what HAProxy says. While it does not answer
 * their series are absent, because unknown is not 0; so are those of tables and siblings that are gone.
 */
export function createScrape(options: ScrapeOptions): () => Promise<void> {
  const { metrics, source, perSibling } = options;

  function setHaproxy({ haproxy, tables, peers, resync }: Status): void {
    for (const gauge of [metrics.haproxyInfo, metrics.tableEntries, metrics.tableSize])
      gauge.reset();
    if (haproxy.version !== null) metrics.haproxyInfo.set({ version: haproxy.version }, 1);
    // Without labels a gauge begins at 0, and would be taken for an answer.
    if (haproxy.reloads === null) metrics.haproxyReloads.remove();
    else metrics.haproxyReloads.set(haproxy.reloads);
    for (const { name: table, shared, used, size } of tables) {
      if (!shared) continue;
      metrics.tableEntries.set({ table }, used);
      metrics.tableSize.set({ table }, size);
    }
    const siblings = peers.filter(({ local }) => !local);
    if (resync === null) metrics.lagMax.remove();
    else metrics.lagMax.set(siblings.reduce((most, { lag = 0 }) => Math.max(most, lag), 0));
    metrics.lag.reset();
    metrics.siblingEstablished.reset();
    if (!perSibling) return;
    for (const { name: sibling, established, lag } of siblings) {
      metrics.siblingEstablished.set({ sibling }, established ? 1 : 0);
      if (lag !== undefined) metrics.lag.set({ sibling }, lag);
    }
  }

  return async () => {
    setHaproxy(await options.status());
    const { observedAtMs } = source.snapshot();
    if (observedAtMs > 0) metrics.heardSeconds.set({ source: source.name }, observedAtMs / 1000);
    metrics.lastPassSeconds.set((options.lastPassAtMs() ?? 0) / 1000);
  };
}

/** How the API server is followed, into the metrics. */
export function countWatch(metrics: Metrics, source: string, wallNow: () => number): WatchHealth {
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
