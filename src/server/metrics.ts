import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const prefix = 'haproxy_peer_sync_';

/** Every metric of the program. Labels are bounded: kinds and codes, never names of pods. */
export interface Metrics {
  readonly registry: Registry;
  readonly info: Gauge<'version'>;
  readonly members: Gauge;
  readonly synced: Gauge;
  readonly entries: Gauge;
  readonly established: Gauge;
  readonly resyncFinished: Gauge;
  readonly ready: Gauge;
  readonly changesWaiting: Gauge;
  readonly passes: Counter<'decision'>;
  readonly changes: Counter<'kind'>;
  readonly reloads: Counter;
  readonly failures: Counter<'code'>;
  readonly repairs: Counter<'outcome'>;
  readonly renewals: Counter<'outcome'>;
  readonly certificateExpiry: Gauge;
  readonly applySeconds: Histogram;
  readonly dataplaneCalls: Counter<'method' | 'status'>;
}

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: prefix + name, help, registers });
  const metrics: Metrics = {
    registry,
    info: new Gauge({
      name: `${prefix}build_info`,
      help: 'Always 1; the label says which version runs.',
      labelNames: ['version'],
      registers,
    }),
    members: gauge('members', 'Pods that are members now, this one included.'),
    synced: gauge('members_synced', '1 once the members are known, else 0.'),
    entries: gauge('peers_entries', 'Peers in the section as configured.'),
    established: gauge('peers_established', 'Remote peers with a live session.'),
    resyncFinished: gauge(
      'resync_finished',
      '1 when the running worker has finished its resync, else 0.',
    ),
    ready: gauge('ready', '1 once this replica has been ready, else 0.'),
    changesWaiting: gauge(
      'changes_waiting',
      'Entries that are to be added, moved or removed and are not yet.',
    ),
    passes: new Counter({
      name: `${prefix}passes_total`,
      help: 'Comparisons of members and section by their outcome: none, apply, wait, hold.',
      labelNames: ['decision'],
      registers,
    }),
    changes: new Counter({
      name: `${prefix}entries_changed_total`,
      help: 'Entries of the section changed, by kind: add, update, remove.',
      labelNames: ['kind'],
      registers,
    }),
    reloads: new Counter({
      name: `${prefix}reloads_total`,
      help: 'HAProxy reloads caused by this program.',
      registers,
    }),
    failures: new Counter({
      name: `${prefix}failures_total`,
      help: 'Passes that failed, by error code (docs/errors.md).',
      labelNames: ['code'],
      registers,
    }),
    repairs: new Counter({
      name: `${prefix}missed_resyncs_total`,
      help: 'Starts at which this replica had not learned what siblings hold, by outcome: repaired, missed.',
      labelNames: ['outcome'],
      registers,
    }),
    renewals: new Counter({
      name: `${prefix}tls_renewals_total`,
      help: 'Renewed certificates of the peers by outcome: renewed (no reload), reload, failed.',
      labelNames: ['outcome'],
      registers,
    }),
    certificateExpiry: gauge(
      'tls_certificate_expiry_timestamp_seconds',
      'When the certificate of the peers ends, in seconds since the epoch; 0 without --peers-tls.',
    ),
    applySeconds: new Histogram({
      name: `${prefix}apply_duration_seconds`,
      help: 'Time of one applied change, reload and retries included.',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    dataplaneCalls: new Counter({
      name: `${prefix}dataplane_calls_total`,
      help: 'Calls of the Data Plane API by method and HTTP status (0: no answer).',
      labelNames: ['method', 'status'],
      registers,
    }),
  };
  metrics.info.set({ version }, 1);
  return metrics;
}
