import type { SidecarConfig } from '../../config/values.ts';
import type { Module } from '../../engine/module.ts';
import type { Ready } from '../../engine/ready-marker-file.ts';
import type { Log } from '../../log.ts';
import type { Self } from '../../model/member.ts';
import type { Source } from '../../sources/source.ts';
import type { Recorder } from '../../telemetry/event-recorder.ts';
import type { GeneralMetrics, MetricsOf } from '../../telemetry/metrics.ts';
import type { peersMetrics } from '../peers/metrics.ts';
import type { SnapshotNeeds, Snapshots } from '../snapshot/create.ts';
import type { relayMetrics } from './metrics.ts';
import type { RelaySection } from './section/read.ts';

export interface RelayOptions {
  readonly config: SidecarConfig;
  /** Of haproxy.cfg, as init has written it. */
  readonly section: RelaySection;
  readonly source: Source;
  readonly self: Self;
  readonly uid: string;
  readonly log: Log;
  readonly metrics: GeneralMetrics &
    MetricsOf<typeof peersMetrics> &
    MetricsOf<typeof relayMetrics>;
  readonly version: string;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** The date, in milliseconds since the epoch. */
  readonly wallNow: () => number;
  readonly signal: AbortSignal;
  /** What an earlier run of this program was ready with. */
  readonly wasReady: Ready | null;
  readonly onReadyMarker: (ready: Ready | null) => void;
  readonly events: Recorder;
  /** With `--snapshot`. */
  readonly snapshots?: ((needs: SnapshotNeeds) => Snapshots) | undefined;
  /** What else works on this HAProxy: only what it waits for and what troubles it are asked here. */
  readonly modules?: readonly Pick<Module, 'waits' | 'trouble'>[];
}
