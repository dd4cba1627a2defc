import { backendsRow } from './dashboard-backends.ts';
import { m, type Row } from './dashboard-row.ts';
import { snapshotRow } from './dashboard-snapshots.ts';
import { sumsRow } from './dashboard-sums.ts';

/** What the Grafana dashboard shows: rows of panels, each with its queries. */

const rate = (name: string, by: string) => `sum by (${by}) (rate(${m(name)}[$__rate_interval]))`;
const quantile = (share: number, name: string, by = '') =>
  `histogram_quantile(${share}, sum by (le${by}) (rate(${m(`${name}_bucket`)}[$__rate_interval])))`;
const quantiles = (name: string) => ({
  median: quantile(0.5, name),
  '95 %': quantile(0.95, name),
});

export const rows: readonly Row[] = [
  {
    title: 'Overview',
    panels: [
      {
        title: 'Replicas ready',
        description: 'Ready replicas, of those that are scraped.',
        type: 'stat',
        width: 4,
        queries: { ready: `sum(${m('ready')})`, scraped: `count(${m('ready')})` },
      },
      {
        title: 'Members',
        description: 'As each replica sees them: least and most should be the same.',
        type: 'stat',
        width: 4,
        queries: { least: `min(${m('members')})`, most: `max(${m('members')})` },
      },
      {
        title: 'Sessions missing',
        description: 'Sessions between replicas that should exist but do not.',
        type: 'stat',
        width: 4,
        queries: {
          missing: `sum(clamp_min(${m('members')} - ${m('members_terminating')} - 1 - ${m('peers_established')}, 0))`,
        },
      },
      {
        title: 'Changes waiting',
        description: 'Lines of peers sections that wait to be changed, over all replicas, by kind.',
        type: 'stat',
        width: 4,
        queries: { '{{kind}}': `sum by (kind) (${m('changes_waiting')})` },
      },
      {
        title: 'Resyncs missed',
        description: 'Replicas that serve without entries that their peers hold. Delete them.',
        type: 'stat',
        width: 4,
        queries: { missed: `sum(${m('missed_resyncs_total', 'outcome="missed"')})` },
      },
      {
        title: 'Versions',
        description: 'Replicas by version of haproxy-peer-sync and of HAProxy.',
        type: 'stat',
        width: 4,
        queries: {
          'sidecar {{version}}': `count by (version) (${m('build_info')})`,
          'HAProxy {{version}}': `count by (version) (${m('haproxy_info')})`,
        },
      },
    ],
  },
  {
    title: 'Tables',
    panels: [
      {
        title: 'Entries',
        description:
          'Of each shared stick table on each replica: the lines should lie on one another.',
        type: 'timeseries',
        width: 12,
        queries: { '{{table}} {{pod}}': m('table_entries') },
      },
      {
        title: 'Behind the fullest replica',
        description: 'How many entries fewer each replica holds than the fullest one.',
        type: 'timeseries',
        width: 6,
        queries: {
          '{{table}} {{pod}}': `max by (namespace, job, table) (${m('table_entries')}) - on (namespace, job, table) group_right () ${m('table_entries')}`,
        },
      },
      {
        title: 'Fill',
        description: 'Share of each table that is used. A full one drops its oldest entries.',
        type: 'timeseries',
        unit: 'percentunit',
        width: 6,
        queries: {
          '{{table}}': `max by (table) (${m('table_entries')} / ${m('table_size')})`,
        },
      },
      {
        title: 'Updates not sent yet',
        description: 'To the connected peer that is furthest behind, by replica.',
        type: 'timeseries',
        width: 12,
        queries: { '{{pod}}': m('peer_lag_updates_max') },
      },
      {
        title: 'Updates not sent yet, by peer',
        description: 'Only with --metrics-per-peer.',
        type: 'timeseries',
        width: 12,
        queries: { '{{pod}} to {{peer}}': m('peer_lag_updates') },
      },
    ],
  },
  {
    title: 'Members and changes',
    panels: [
      {
        title: 'Members',
        description:
          'Members as the most complete replica knows them, and what is special of them.',
        type: 'timeseries',
        width: 8,
        queries: {
          members: `max(${m('members')})`,
          terminating: `max(${m('members_terminating')})`,
          'without address yet': `max(${m('members_awaited')})`,
          ignored: `max(${m('members_ignored')})`,
        },
      },
      {
        title: 'Why changes wait',
        description: 'Replicas that wait, by reason. docs/metrics.md explains each reason.',
        type: 'timeseries',
        width: 8,
        queries: { '{{reason}}': `sum by (reason) (${m('changes_waiting_reason')})` },
      },
      {
        title: 'Reloads',
        description:
          'HAProxy reloads by cause, and all reloads that its master has counted, whatever caused them.',
        type: 'timeseries',
        width: 8,
        queries: {
          '{{cause}}': `sum by (cause) (increase(${m('reloads_total')}[$__rate_interval]))`,
          'by the master': `sum(increase(${m('haproxy_master_reloads_total')}[$__rate_interval]))`,
        },
      },
      {
        title: 'From address to acceptance',
        description: 'How long a new pod waits for a replica to accept it. Limit: --join-timeout.',
        type: 'timeseries',
        unit: 's',
        width: 8,
        queries: quantiles('join_seconds'),
      },
      {
        title: 'Wait at the gate',
        description: 'Time from planning a change to applying it, 95th percentile, by cause.',
        type: 'timeseries',
        unit: 's',
        width: 8,
        queries: { '{{cause}}': quantile(0.95, 'gate_wait_seconds', ', cause') },
      },
      {
        title: 'Time of a change',
        description: 'Reload and retries included.',
        type: 'timeseries',
        unit: 's',
        width: 8,
        queries: quantiles('apply_duration_seconds'),
      },
      {
        title: 'Lines changed',
        description: 'Lines of peers sections added, moved and removed.',
        type: 'timeseries',
        width: 8,
        queries: {
          '{{kind}}': `sum by (kind) (increase(${m('entries_changed_total')}[$__rate_interval]))`,
        },
      },
      {
        title: 'Resyncs',
        description: 'Workers that finished their resync, by who taught them.',
        type: 'timeseries',
        width: 8,
        queries: {
          '{{outcome}}': `sum by (outcome) (increase(${m('resyncs_total')}[$__rate_interval]))`,
        },
      },
      {
        title: 'Failures',
        description: 'Failed passes by error code. docs/errors.md explains each.',
        type: 'timeseries',
        width: 8,
        queries: {
          '{{code}}': `sum by (code) (increase(${m('failures_total')}[$__rate_interval])) > 0`,
        },
      },
    ],
  },
  {
    title: 'Data Plane API and API server',
    panels: [
      {
        title: 'Data Plane API calls',
        description: 'By method and status. 0 means no answer.',
        type: 'timeseries',
        unit: 'ops',
        width: 8,
        queries: { '{{method}} {{status}}': rate('dataplane_calls_total', 'method, status') },
      },
      {
        title: 'Data Plane API latency',
        description: '95th percentile by operation. commit waits for the reload.',
        type: 'timeseries',
        unit: 's',
        width: 8,
        queries: {
          '{{operation}}': quantile(0.95, 'dataplane_call_duration_seconds', ', operation'),
        },
      },
      {
        title: 'Data Plane API errors',
        description: 'Failed calls, by operation.',
        type: 'timeseries',
        unit: 'ops',
        width: 8,
        queries: { '{{operation}}': rate('dataplane_errors_total', 'operation') },
      },
      {
        title: 'Age of the members',
        description:
          'Seconds since the replica that hears least has heard of its members, and has listed them.',
        type: 'timeseries',
        unit: 's',
        width: 8,
        queries: {
          heard: `time() - min(${m('members_heard_timestamp_seconds')})`,
          listed: `time() - min(${m('source_listed_timestamp_seconds')})`,
        },
      },
      {
        title: 'Watches',
        description:
          'Replicas with a watch, and watches opened a second: two a minute and replica are normal.',
        type: 'timeseries',
        width: 8,
        queries: {
          connected: `sum(${m('source_connected')})`,
          opened: `sum(rate(${m('source_watches_total')}[$__rate_interval]))`,
          'failed, {{code}}': rate('source_failures_total', 'code'),
        },
      },
      {
        title: 'Kubernetes Events',
        description: 'Events written on the pods, by reason. docs/events.md explains each.',
        type: 'timeseries',
        width: 8,
        queries: {
          '{{reason}} {{outcome}}': `sum by (reason, outcome) (${m('kubernetes_events_total')})`,
        },
      },
      {
        title: 'Connections cut off',
        description:
          'Connections to port 8405 ended before their answer was read, by reason. Many: somebody floods it.',
        type: 'timeseries',
        width: 24,
        queries: { '{{reason}}': rate('http_connections_ended_total', 'reason') },
      },
    ],
  },
  {
    title: 'TLS between the peers',
    panels: [
      {
        title: 'Certificates expire in',
        description:
          'Time until the certificate of each replica expires. Empty without --peers-tls.',
        type: 'timeseries',
        unit: 's',
        width: 12,
        queries: {
          '{{pod}}': `(${m('tls_certificate_expiry_timestamp_seconds')} > 0) - time()`,
        },
      },
      {
        title: 'Renewals',
        description: 'Renewed certificates: taken over without a reload, with a reload, or failed.',
        type: 'timeseries',
        width: 12,
        queries: {
          '{{outcome}}': `sum by (outcome) (increase(${m('tls_renewals_total')}[$__rate_interval]))`,
        },
      },
    ],
  },
  {
    title: 'Template',
    panels: [
      {
        title: 'Changes of the template',
        description: 'With --watch-template: applied or refused. Empty without the flag.',
        type: 'timeseries',
        width: 12,
        queries: {
          '{{outcome}}': `sum by (outcome) (increase(${m('template_changes_total')}[$__rate_interval]))`,
        },
      },
      {
        title: 'Template in force',
        description:
          'With --watch-template: 0 while a replica runs with another template than the one mounted.',
        type: 'timeseries',
        width: 12,
        queries: { '{{pod}}': m('template_in_force') },
      },
    ],
  },
  {
    title: 'Relay',
    panels: [
      {
        title: 'Links and sessions',
        description:
          'With --mode relay: links to other sidecars, and sessions of HAProxy over them. With --lessons: links for comparisons. Each is one less than members.',
        type: 'timeseries',
        width: 12,
        queries: {
          'links {{pod}}': m('relay_links'),
          'sessions {{pod}}': m('relay_sessions'),
          'links for lessons {{pod}}': m('lesson_links'),
        },
      },
      {
        title: 'Sessions ended, and lessons',
        description:
          'With --mode relay: sessions that ended while both replicas run, and lessons that were arranged.',
        type: 'timeseries',
        width: 12,
        queries: {
          ended: `sum(increase(${m('relay_sessions_ended_total')}[$__rate_interval]))`,
          'lesson {{kind}}': `sum by (kind) (increase(${m('relay_lessons_total')}[$__rate_interval]))`,
          'entries {{result}}': `sum by (result) (increase(${m('relay_lesson_entries_total', 'result="taken"')}[$__rate_interval]))`,
        },
      },
      {
        title: 'Slots',
        description:
          'With --mode relay: slots that belong to a replica, and sessions refused because none is free.',
        type: 'timeseries',
        width: 12,
        queries: {
          'held {{pod}}': m('relay_slots_held'),
          refused: `sum(increase(${m('relay_slots_exhausted_total')}[$__rate_interval]))`,
        },
      },
      {
        title: 'Links that ended or did not come',
        description:
          'With --mode relay: why links have ended, attempts to link that came to nothing, and connections of strangers. silent: nothing came for 3 s. key, certificate: one side does not take what the other shows.',
        type: 'timeseries',
        width: 12,
        queries: {
          'ended {{code}}': `sum by (code) (increase(${m('relay_links_ended_total')}[$__rate_interval])) > 0`,
          'no link {{code}}': `sum by (code) (increase(${m('relay_dials_failed_total')}[$__rate_interval])) > 0`,
          'stranger {{code}}': `sum by (code) (increase(${m('relay_strangers_total')}[$__rate_interval])) > 0`,
        },
      },
      {
        title: 'From link to session',
        description: 'With --mode relay: 95 % of sessions are made within this time.',
        type: 'timeseries',
        unit: 's',
        width: 12,
        queries: {
          p95: `histogram_quantile(0.95, sum by (le) (rate(${m('relay_pair_seconds_bucket')}[$__rate_interval])))`,
        },
      },
    ],
  },
  snapshotRow,
  backendsRow,
  sumsRow,
];
