import { m, type Row } from './dashboard-row.ts';

/** The row of `--aggregate`. */
export const sumsRow: Row = {
  title: 'Sums over all replicas',
  panels: [
    {
      title: 'Sums that are current',
      description:
        'With --aggregate: replicas whose HAProxy is told the sums as they change, the least number of links one of them has, and HAProxys that are in the sums.',
      type: 'timeseries',
      width: 12,
      queries: {
        current: `sum(${m('aggregate_current')})`,
        'fewest links': `min(${m('aggregate_links')})`,
        origins: `max(${m('aggregate_origins')})`,
      },
    },
    {
      title: 'Keys that are summed',
      description:
        'With --aggregate: the most of all replicas, and keys that had to make room for others (--aggregate-max-keys).',
      type: 'timeseries',
      width: 12,
      queries: {
        '{{table}}': `max by (table) (${m('aggregate_keys')})`,
        '{{table}} made room': `max by (table) (${m('aggregate_evicted_keys')})`,
      },
    },
  ],
};
