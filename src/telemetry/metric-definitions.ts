import { errorCodes } from '../errors.ts';

/** One metric, declared once: registry, types and docs/metrics.md come from here. */
export interface MetricDefinition {
  readonly type: 'gauge' | 'counter' | 'histogram';
  /** Without the prefix; units and endings as OpenMetrics has them. */
  readonly name: string;
  /** Bounded: kinds, codes, names of the configuration. Never names of pods, unless asked for. */
  readonly labels?: readonly string[];
  /** What the only label may say, where that is known: those series are there from the start, at 0. */
  readonly values?: readonly string[];
  readonly buckets?: readonly number[];
  /** What it says, and what an operator does with it. */
  readonly help: string;
}

export const metricPrefix = 'haproxy_peer_sync_';

const kinds = ['add', 'update', 'remove'] as const;
/** Seconds, of what takes as long as a reload. */
const reloadBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
/** Seconds, of what siblings and timers are waited for. */
const waitBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600] as const;

export const metricDefinitions = {
  info: {
    type: 'gauge',
    name: 'build_info',
    labels: ['version', 'node'],
    help: 'Always 1; the labels say which version runs, and on which Node. More than one version for long is a rollout that is stuck.',
  },
  haproxyInfo: {
    type: 'gauge',
    name: 'haproxy_info',
    labels: ['version'],
    help: 'Always 1; the label says which HAProxy runs. Absent while it does not answer.',
  },
  haproxyReloads: {
    type: 'gauge',
    name: 'haproxy_master_reloads',
    help: 'Reloads that the master of HAProxy has counted since it started, by whomever. More than reloads_total: somebody else reloads, too.',
  },
  ready: {
    type: 'gauge',
    name: 'ready',
    help: '1 once this replica has been ready, else 0. Long 0: `/readyz` gives the reasons.',
  },
  members: {
    type: 'gauge',
    name: 'members',
    help: 'Pods that are members now, this one included. Should be the same on every replica.',
  },
  membersTerminating: {
    type: 'gauge',
    name: 'members_terminating',
    help: 'Members that are being deleted. They stay members until they are gone.',
  },
  membersAwaited: {
    type: 'gauge',
    name: 'members_awaited',
    help: 'Pods on a node that have no address yet. Long more than 0: the network of a node does not come up.',
  },
  membersIgnored: {
    type: 'gauge',
    name: 'members_ignored',
    help: 'Pods of the selector that cannot be members: another IP family, a name that is there twice, or one that no pod can have. `/status` names them in `notes`.',
  },
  synced: {
    type: 'gauge',
    name: 'members_synced',
    help: '1 once the members are known, else 0. While it is 0 nothing is changed.',
  },
  heardSeconds: {
    type: 'gauge',
    name: 'members_heard_timestamp_seconds',
    labels: ['source'],
    help: 'When the source last heard from its origin, Unix time. Old: the members may be old, too.',
  },
  sourceConnected: {
    type: 'gauge',
    name: 'source_connected',
    labels: ['source'],
    help: '1 while the API server is followed by a watch, else 0. Absent for sources without a watch. The log has the reason.',
  },
  sourceListedSeconds: {
    type: 'gauge',
    name: 'source_listed_timestamp_seconds',
    labels: ['source'],
    help: 'When the pods were last listed in full, Unix time.',
  },
  sourceWatches: {
    type: 'counter',
    name: 'source_watches_total',
    labels: ['source'],
    help: 'Watches of the API server that were opened. Two a minute are normal; many more: something between ends them.',
  },
  sourceFailures: {
    type: 'counter',
    name: 'source_failures_total',
    labels: ['source', 'code'],
    help: 'Failed tries to follow the members, by error code (docs/errors.md).',
  },
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
    help: '1 when the running worker has finished its resync, else 0. While it is 0 HAProxy is not reloaded.',
  },
  resyncs: {
    type: 'counter',
    name: 'resyncs_total',
    labels: ['outcome'],
    values: ['learned', 'alone'],
    help: 'Workers that finished their resync: learned from the old worker or a sibling, or alone, with nobody to learn from.',
  },
  repairs: {
    type: 'counter',
    name: 'missed_resyncs_total',
    labels: ['outcome'],
    values: ['repaired', 'missed'],
    help: 'Starts at which this replica had not learned what siblings hold, by outcome. missed: it serves without them; delete the pod.',
  },
  renewals: {
    type: 'counter',
    name: 'tls_renewals_total',
    labels: ['outcome'],
    values: ['renewed', 'reload', 'failed'],
    help: 'Renewed certificates of the peers by outcome: renewed (no reload), reload, failed. failed: the old ones stay in force; the log has the reason.',
  },
  certificateExpiry: {
    type: 'gauge',
    name: 'tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of the peers ends, Unix time; 0 without --peers-tls. Past: no sibling connects any more.',
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
    name: 'sibling_lag_updates_max',
    help: 'Updates written here that were not sent yet to the connected sibling furthest behind; some 100,000 more may lie in buffers. Grows: the network, or that sibling, is too slow.',
  },
  lag: {
    type: 'gauge',
    name: 'sibling_lag_updates',
    labels: ['sibling'],
    help: 'The same for each connected sibling, with --metrics-per-sibling.',
  },
  siblingEstablished: {
    type: 'gauge',
    name: 'sibling_established',
    labels: ['sibling'],
    help: '1 for each sibling with a live session, else 0, with --metrics-per-sibling.',
  },
  changesWaiting: {
    type: 'gauge',
    name: 'changes_waiting',
    help: 'Entries that are to be added, moved or removed and are not yet.',
  },
  changesPending: {
    type: 'gauge',
    name: 'changes_pending',
    labels: ['kind'],
    values: kinds,
    help: 'The same by kind: add, update, remove. add above 0 for more than a minute: changes_held has the reason. remove waits for --removal-delay.',
  },
  changesHeld: {
    type: 'gauge',
    name: 'changes_held',
    labels: ['reason'],
    help: '1 for each reason why a change is not made now (reasons below), absent otherwise.',
  },
  holds: {
    type: 'counter',
    name: 'holds_total',
    labels: ['reason'],
    help: 'How often a change began to wait for that reason.',
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
  passes: {
    type: 'counter',
    name: 'passes_total',
    labels: ['decision'],
    values: ['none', 'apply', 'wait', 'hold'],
    help: 'Comparisons of members and section by their outcome: none, apply, wait, hold.',
  },
  lastPassSeconds: {
    type: 'gauge',
    name: 'last_pass_timestamp_seconds',
    help: 'When the last comparison ended, Unix time; 0 before the first. Older than a few --resync-interval: the sidecar is stuck; `/livez` fails after ten minutes.',
  },
  changes: {
    type: 'counter',
    name: 'entries_changed_total',
    labels: ['kind'],
    values: kinds,
    help: 'Entries of the section changed, by kind: add, update, remove.',
  },
  reloads: {
    type: 'counter',
    name: 'reloads_total',
    labels: ['cause'],
    values: ['join', 'move', 'leave', 'request', 'repair'],
    help: 'HAProxy reloads caused by this program, by cause; request: for a certificate, or a file that was not loaded. At most one for each sibling that joins; many more: pods restart again and again.',
  },
  failures: {
    type: 'counter',
    name: 'failures_total',
    labels: ['code'],
    values: Object.keys(errorCodes),
    help: 'Passes that failed, by error code (docs/errors.md).',
  },
  applySeconds: {
    type: 'histogram',
    name: 'apply_duration_seconds',
    buckets: reloadBuckets,
    help: 'Time of one applied change, reload and retries included.',
  },
  dataplaneCalls: {
    type: 'counter',
    name: 'dataplane_calls_total',
    labels: ['method', 'status'],
    help: 'Calls of the Data Plane API by method and HTTP status (0: no answer).',
  },
  dataplaneErrors: {
    type: 'counter',
    name: 'dataplane_errors_total',
    labels: ['operation'],
    values: [
      'auth',
      'detect',
      'read',
      'begin',
      'edit',
      'check',
      'commit',
      'repair',
      'settle',
      'clean',
    ],
    help: 'Calls of the Data Plane API that were not answered as they should, by operation. commit: HAProxy refused to reload.',
  },
  dataplaneSeconds: {
    type: 'histogram',
    name: 'dataplane_call_duration_seconds',
    labels: ['operation'],
    buckets: [0.005, 0.01, 0.025, ...reloadBuckets],
    help: 'Time of a call of the Data Plane API by operation. commit waits for the reload.',
  },
  httpEnded: {
    type: 'counter',
    name: 'http_connections_ended_total',
    labels: ['reason'],
    values: ['crowded', 'slow', 'excess'],
    help: 'Connections to this port that were ended before their answer was read: more than 256 at a time, longer than 10 s, or more sent than one request. Grows fast: somebody floods it.',
  },
  events: {
    type: 'counter',
    name: 'kubernetes_events_total',
    labels: ['reason', 'outcome'],
    help: 'Events on this pod by reason (docs/events.md) and outcome: created, counted (the count of one was raised), held (by the rate limit), failed, off.',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
