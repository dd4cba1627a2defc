import { m, type Row } from './dashboard-row.ts';

/** The row of `--backend`. */
export const backendsRow: Row = {
  title: 'Backends',
  panels: [
    {
      title: 'Servers',
      description:
        'With --backend: servers of Services in the worker, the least of all replicas, and reasons for which some are not as they should be.',
      type: 'timeseries',
      width: 12,
      queries: {
        '{{backend}} {{state}}': `min by (backend, state) (${m('backend_servers')})`,
        '{{backend}} held': `max by (backend) (${m('backend_held')})`,
      },
    },
    {
      title: 'From news to rotation',
      description:
        'With --backend: time from the news of the API server until the worker has the servers.',
      type: 'timeseries',
      unit: 's',
      width: 12,
      queries: {
        p50: `histogram_quantile(0.5, sum by (le) (rate(${m('backend_change_duration_seconds_bucket')}[$__rate_interval])))`,
        p99: `histogram_quantile(0.99, sum by (le) (rate(${m('backend_change_duration_seconds_bucket')}[$__rate_interval])))`,
      },
    },
    {
      title: 'Commands to the worker',
      description: 'With --backend: of refused commands the log has the answer of HAProxy.',
      type: 'timeseries',
      width: 12,
      queries: {
        '{{command}} {{outcome}}': `sum by (command, outcome) (increase(${m('backend_commands_total')}[$__rate_interval]))`,
      },
    },
    {
      title: 'Services that are followed',
      description:
        'With --backend: replicas that follow the endpoints. On the others servers stay as they are.',
      type: 'timeseries',
      width: 12,
      queries: { '{{backend}}': `sum by (backend) (${m('backend_connected')})` },
    },
  ],
};
