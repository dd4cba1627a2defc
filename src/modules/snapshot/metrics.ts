import { type MetricDefinitions, waitBuckets } from '../../telemetry/metric-definition.ts';

/** Of snapshots. */
export const snapshotMetrics = {
  snapshotTaken: {
    type: 'gauge',
    name: 'snapshot_timestamp_seconds',
    absent: true,
    help: 'With `--snapshot`: when this replica took its last whole snapshot, Unix time. The newest of the set counts, because one replica takes them.',
  },
  snapshotInterval: {
    type: 'gauge',
    name: 'snapshot_interval_seconds',
    absent: true,
    help: 'With `--snapshot`: the value of `--snapshot-interval`.',
  },
  snapshotEntries: {
    type: 'gauge',
    name: 'snapshot_entries',
    absent: true,
    help: 'With `--snapshot`: entries in that snapshot, of all tables.',
  },
  snapshotBytes: {
    type: 'gauge',
    name: 'snapshot_bytes',
    absent: true,
    help: 'With `--snapshot`: size of its file.',
  },
  snapshotSeconds: {
    type: 'histogram',
    name: 'snapshot_duration_seconds',
    buckets: waitBuckets,
    help: 'With `--snapshot`: time from the request to HAProxy until the file was whole and on the disk.',
  },
  snapshots: {
    type: 'counter',
    name: 'snapshots_total',
    labels: ['outcome'],
    values: ['taken', 'empty', 'failed'],
    help: 'With `--snapshot`: attempts to take one. empty: no entry was there, so no file was written. failed: the log has the reason (`SNAPSHOT_FAILED`).',
  },
  snapshotRestores: {
    type: 'counter',
    name: 'snapshot_restores_total',
    labels: ['outcome'],
    values: ['restored', 'failed'],
    help: 'With `--snapshot`: snapshots that were played to a HAProxy which had nobody to learn from.',
  },
  snapshotRefused: {
    type: 'counter',
    name: 'snapshot_files_refused_total',
    labels: ['why'],
    values: ['unreadable', 'foreign', 'future', 'torn', 'damaged', 'sealed', 'other set'],
    help: 'With `--snapshot`: files that could not be restored, by the reason. The log names them.',
  },
} as const satisfies MetricDefinitions;
