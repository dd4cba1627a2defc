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
    help: 'Remote peers with a live session. One less than members in steady state; less: `show peers` on both sides.',
  },
  resyncFinished: {
    type: 'gauge',
    name: 'resync_finished',
    help: '1 when the running worker has finished its full resync, else 0. While it is 0 HAProxy is not reloaded.',
  },
  resyncs: {
    type: 'counter',
    name: 'resyncs_total',
    labels: ['outcome'],
    values: ['learned', 'alone'],
    help: 'Workers that finished their full resync: learned from the old worker or a peer, or alone, with nobody to learn from.',
  },
  repairs: {
    type: 'counter',
    name: 'missed_resyncs_total',
    labels: ['outcome'],
    values: ['repaired', 'missed'],
    help: 'Starts at which this replica had not learned what its peers hold, by outcome. missed: it serves without them; delete the pod.',
  },
  tableEntries: {
    type: 'gauge',
    name: 'table_entries',
    labels: ['table'],
    help: 'Entries in each stick table that is shared with the peers. Replicas that differ for long are not in step.',
  },
  tableSize: {
    type: 'gauge',
    name: 'table_size',
    labels: ['table'],
    help: 'Entries that each shared stick table can hold. A full table drops its oldest entries: make it larger.',
  },
  lagMax: {
    type: 'gauge',
    name: 'peer_lag_updates_max',
    formerly: 'sibling_lag_updates_max',
    help: 'Updates written here that were not sent yet to the connected peer furthest behind; some 100,000 more may lie in buffers. Grows: the network, or that peer, is too slow.',
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
    help: 'Lines of the section that are to be added, moved or removed and are not yet, by kind: add, update, remove. add above 0 for more than a minute: changes_waiting_reason says why. remove waits for --removal-delay.',
  },
  gateSeconds: {
    type: 'histogram',
    name: 'gate_wait_seconds',
    labels: ['cause'],
    buckets: waitBuckets,
    help: 'From the moment a change was planned to the moment it was applied, by its cause: join, move, leave. leave is long by design (--removal-delay).',
  },
  joinSeconds: {
    type: 'histogram',
    name: 'join_seconds',
    buckets: waitBuckets,
    help: 'From the address of a new pod seen here to its name accepted by this HAProxy. A joining pod waits for the slowest replica, --join-timeout at most.',
  },
  changes: {
    type: 'counter',
    name: 'entries_changed_total',
    labels: ['kind'],
    values: kinds,
    help: 'Entries of the section changed, by kind: add, update, remove.',
  },
} as const satisfies MetricDefinitions;
