import { m, type Row } from './dashboard-row.ts';

/** The row of `--snapshot`. */
export const snapshotRow: Row = {
  title: 'Snapshots',
  panels: [
    {
      title: 'Age of the newest snapshot',
      description: 'With --snapshot: how old the tables would be if all replicas were gone now.',
      type: 'timeseries',
      unit: 's',
      width: 12,
      queries: {
        age: `time() - max(${m('snapshot_timestamp_seconds')})`,
        interval: `max(${m('snapshot_interval_seconds')})`,
      },
    },
    {
      title: 'Snapshots',
      description:
        'With --snapshot: attempts by outcome, snapshots that were restored, and files that were refused.',
      type: 'timeseries',
      width: 12,
      queries: {
        '{{outcome}}': `sum by (outcome) (increase(${m('snapshots_total')}[$__rate_interval]))`,
        'restore {{outcome}}': `sum by (outcome) (increase(${m('snapshot_restores_total')}[$__rate_interval]))`,
        'refused {{why}}': `sum by (why) (increase(${m('snapshot_files_refused_total')}[$__rate_interval]))`,
      },
    },
    {
      title: 'Size of snapshots',
      description:
        'With --snapshot: entries in the last snapshot of a replica, and bytes of its file.',
      type: 'timeseries',
      width: 12,
      queries: {
        'entries {{pod}}': m('snapshot_entries'),
        'bytes {{pod}}': m('snapshot_bytes'),
      },
    },
    {
      title: 'Time of a snapshot',
      description:
        'With --snapshot: 95 % are whole and on the disk within this time after the request to HAProxy.',
      type: 'timeseries',
      unit: 's',
      width: 12,
      queries: {
        p95: `histogram_quantile(0.95, sum by (le) (rate(${m('snapshot_duration_seconds_bucket')}[$__rate_interval])))`,
      },
    },
  ],
};
