import type { MetricDefinitions } from '../../../telemetry/metric-definition.ts';

/** Of the certificates of the peers. */
export const peersTlsMetrics = {
  renewals: {
    type: 'counter',
    name: 'tls_renewals_total',
    labels: ['outcome'],
    values: ['renewed', 'reload', 'failed'],
    help: 'Renewed certificates of the peers by outcome: renewed (no reload), reload, failed. failed: the old ones stay in force, and the log has the reason.',
  },
  certificateExpiry: {
    type: 'gauge',
    name: 'tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of the peers, or with `--relay-trust certificates` that of the links, expires, Unix time; 0 without one. Once it has expired, no peer can connect.',
  },
} as const satisfies MetricDefinitions;
