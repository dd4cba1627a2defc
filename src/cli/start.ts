import { version as nodeVersion } from 'node:process';
import { wallNow } from '../clock.ts';
import { createReadyMarker, type Ready } from '../engine/ready-marker-file.ts';
import type { Self } from '../model/member.ts';
import { createMetrics, type Metrics } from '../modules/metrics.ts';
import { createSource } from '../sources/from-config.ts';
import { readKeptSelector } from '../sources/kept-selector.ts';
import type { Source } from '../sources/source.ts';
import type { Recorder } from '../telemetry/event-recorder.ts';
import { recorderFor } from '../telemetry/notice-recorder.ts';
import { countWatch } from '../telemetry/scrape.ts';
import type { Context } from './command.ts';

/** What `run` has in each mode. */
export interface Started extends Context<'run'> {
  readonly metrics: Metrics;
  readonly source: Source;
  readonly self: Self;
  readonly events: Recorder;
  /** What an earlier run of this program was ready with, where that HAProxy still runs. */
  readonly wasReady: Ready | null;
  readonly onReadyMarker: (ready: Ready | null) => void;
}

/** Nothing is followed yet: `source.start` begins. */
export async function start(context: Context<'run'>): Promise<Started> {
  const { config, log, signal, version } = context;
  const metrics = createMetrics({ version, node: nodeVersion.slice(1) });
  const { source, self } = createSource(config, log, {
    health: countWatch(metrics, config.source, wallNow),
    kept: await readKeptSelector(config.haproxyConfig, config.podName),
  });
  const { adminSocket, masterSocket, peersSection: section } = config;
  const marker = createReadyMarker({ adminSocket, masterSocket, section, log });
  const wasReady = await marker.read();
  if (wasReady !== null) {
    metrics.ready.set(1);
    log.info('HAProxy was ready before this sidecar started, and stays ready');
  }
  const events = recorderFor({
    config,
    log,
    signal,
    onOutcome: (reason, outcome) => metrics.events.inc({ reason, outcome }),
  });
  const onReadyMarker = (ready: Ready | null) => void marker.write(ready);
  return { ...context, metrics, source, self, events, wasReady, onReadyMarker };
}
