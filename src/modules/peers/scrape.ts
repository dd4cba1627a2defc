import type { MetricsOf } from '../../telemetry/metrics.ts';
import type { Status } from '../../telemetry/status-schema.ts';
import type { peersMetrics } from './metrics.ts';

export interface ShowPeersOptions {
  readonly metrics: MetricsOf<typeof peersMetrics>;
  /** Also series for each peer, which are many with many replicas. */
  readonly perPeer: boolean;
}

/** Writes HAProxy's tables and peers into the metrics. Series of tables and peers that are gone are removed. */
export function showPeers({ metrics, perPeer }: ShowPeersOptions): (status: Status) => void {
  return ({ tables, peers, resync }) => {
    for (const gauge of [metrics.tableEntries, metrics.tableSize]) gauge.reset();
    for (const { name: table, shared, used, size } of tables) {
      if (!shared) continue;
      metrics.tableEntries.set({ table }, used);
      metrics.tableSize.set({ table }, size);
    }
    const remote = peers.filter(({ local }) => !local);
    // A gauge without labels starts at 0, which would look like a real value.
    if (resync === null) metrics.lagMax.remove();
    else metrics.lagMax.set(remote.reduce((most, { lag = 0 }) => Math.max(most, lag), 0));
    metrics.lag.reset();
    metrics.peerEstablished.reset();
    if (!perPeer) return;
    for (const { name: peer, established, lag } of remote) {
      metrics.peerEstablished.set({ peer }, established ? 1 : 0);
      if (lag !== undefined) metrics.lag.set({ peer }, lag);
    }
  };
}
