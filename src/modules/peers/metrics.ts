import { type MetricDefinitions, waitBuckets } from '../../telemetry/metric-definition.ts';

const kinds = ['add', 'update', 'remove'] as const;

/** Metrics of the peers section: its peers, pending changes, and shared tables. */
export const peersMetrics = {
  entries: {
    type: 'gauge',
    name: 'peers_entries',
    help: 'Peers in the section as configured.',
  },
  established: {
    type: 'gauge',
    name: 'peers_established',
    help: 'Remote peers with a live session. One less than members in steady state. If it is lower, look at `show peers` on both sides.',
  },
  resyncFinished: {
    type: 'gauge',
    name: 'resync_finished',
    help: '1 when the running worker has finished its full resync, else 0. While it is 0, HAProxy is not reloaded.',
  },
  resyncs: {
    type: 'counter',
    name: 'resyncs_total',
    labels: ['outcome'],
    values: ['learned', 'alone'],
    help: 'Workers that finished their full resync: learned from the old worker or a peer, or alone, without a peer to learn from.',
  },
  repairs: {
    type: 'counter',
    name: 'missed_resyncs_total',
    labels: ['outcome'],
    values: ['repaired', 'missed'],
    help: 'Starts at which this replica had not learned what its peers hold, by outcome. missed: it serves without those entries; delete the pod.',
  },
  tableEntries: {
    type: 'gauge',
    name: 'table_entries',
    labels: ['table'],
    help: 'Entries in each stick table that is shared with the peers. If replicas differ for a long time, they are not in step.',
  },
  tableSize: {
    type: 'gauge',
    name: 'table_size',
    labels: ['table'],
    help: 'Entries that each shared stick table can hold. A full table drops its oldest entries, so make it larger.',
  },
  lagMax: {
    type: 'gauge',
    name: 'peer_lag_updates_max',
    formerly: 'sibling_lag_updates_max',
    help: 'Updates written here that were not yet sent to the connected peer that is furthest behind. About 100,000 more may be in buffers. If it grows, the network or that peer is too slow.',
  },
  lag: {
    type: 'gauge',
    name: 'peer_lag_updates',
    formerly: 'sibling_lag_updates',
    labels: ['peer'],
    help: 'The same for each connected peer, with --metrics-per-peer.',
  },
  peerEstablished: {
    type: 'gauge',
    name: 'peer_established',
    formerly: 'sibling_established',
    labels: ['peer'],
    help: '1 for each peer with a live session, else 0, with --metrics-per-peer.',
  },
  changesWaiting: {
    type: 'gauge',
    name: 'changes_waiting',
    formerly: 'changes_pending',
    labels: ['kind'],
    values: kinds,
    help: 'Lines of the section that still have to be added, moved or removed, by kind: add, update, remove. If add is above 0 for more than a minute, changes_waiting_reason says why. remove waits for --removal-delay.',
  },
  gateSeconds: {
    type: 'histogram',
    name: 'gate_wait_seconds',
    labels: ['cause'],
    buckets: waitBuckets,
    help: 'Time from planning a change to applying it, by its cause: join, move, leave. leave is long by design (--removal-delay).',
  },
  joinSeconds: {
    type: 'histogram',
    name: 'join_seconds',
    buckets: waitBuckets,
    help: 'Time from seeing the address of a new pod to this HAProxy accepting its name. A joining pod waits for the slowest replica, for --join-timeout at most.',
  },
  changes: {
    type: 'counter',
    name: 'entries_changed_total',
    labels: ['kind'],
    values: kinds,
    help: 'Entries of the section changed, by kind: add, update, remove.',
  },
} as const satisfies MetricDefinitions;
