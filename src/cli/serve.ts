import { dateOf, monotonicNow, wallNow } from '../clock.ts';
import type { Config } from '../config/values.ts';
import type { Liveness } from '../engine/liveness.ts';
import type { Readiness } from '../engine/ready-rule.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import { sampleTables } from '../haproxy/table-sample.ts';
import type { Metrics } from '../modules/metrics.ts';
import { showPeers } from '../modules/peers/scrape.ts';
import { expose } from '../telemetry/exposition.ts';
import { type HttpServer, startHttpServer } from '../telemetry/http.ts';
import { createScrape, type ScrapeOptions } from '../telemetry/scrape.ts';
import type { Status } from '../telemetry/status-schema.ts';
import { createTableSamples } from '../telemetry/table-samples.ts';

export interface ServeOptions {
  readonly config: Config;
  readonly metrics: Metrics;
  readonly source: ScrapeOptions['source'];
  readonly scheduler: Pick<Scheduler, 'lastPassAtMs'>;
  readonly live: () => Liveness;
  readonly readiness: () => Readiness;
  readonly status: () => Promise<Status>;
  /** What more is shown of the status in the metrics. */
  readonly show?: readonly ((status: Status) => void)[];
}

/** `/livez`, `/readyz`, `/status` and `/metrics` of a process that runs. */
export function serve(options: ServeOptions): Promise<HttpServer> {
  const { config, metrics, source, scheduler, status } = options;
  const scrape = createScrape({
    metrics,
    status,
    source,
    lastPassAtMs() {
      const atMs = scheduler.lastPassAtMs();
      return atMs === null ? null : dateOf(atMs);
    },
    show: [showPeers({ metrics, perPeer: config.metricsPerPeer }), ...(options.show ?? [])],
  });
  const withSamples = createTableSamples({
    take: (names) => sampleTables(config.adminSocket, names),
    now: monotonicNow,
    wallNow,
  });
  const { host, port } = config.listen;
  return startHttpServer({
    host,
    port,
    live: options.live,
    ready: () => {
      const { ready, reasons } = options.readiness();
      return { ok: ready, reasons };
    },
    status: async (sampled) => {
      const answer = await status();
      return sampled ? withSamples(answer) : answer;
    },
    metrics: async (format) => {
      await scrape();
      return expose(metrics.registry, format);
    },
    onEnded: (reason) => metrics.httpEnded.inc({ reason }),
  });
}
