import { type Option, sidecar } from '../../../model/option.ts';

/** Counters that are summed over all replicas. */
export const aggregateOptions = [
  {
    name: 'aggregate',
    type: 'boolean',
    default: 'false',
    description:
      'Counters and rates of tables in the peers section aggregate are summed over all replicas: for a table T, HAProxy has the sums in T.sum, those of all other replicas in T.others, and the highest of all in T.max (docs/aggregate.md). init adds the section, and the table agg.epoch, where the template has none. Must be the same for init and run.',
    commands: sidecar,
  },
  {
    name: 'aggregate-suffix',
    type: 'string',
    default: '.sum',
    group: 'aggregate',
    description:
      'With --aggregate: what the name of a table of sums ends in. Must be the same for init and run.',
    commands: sidecar,
  },
  {
    name: 'aggregate-max-keys',
    type: 'integer',
    default: '200000',
    group: 'aggregate',
    description:
      'With --aggregate: keys of each table that are summed, 1 to 5000000. Where there are more, one that expires soon makes room, and its sum is not kept up to date until it is touched again. 200000 keys of 3 replicas take about 50 MiB.',
    commands: ['run', 'doctor'],
  },
  {
    name: 'aggregate-port',
    type: 'port',
    default: '3002',
    group: 'aggregate',
    description:
      'With --aggregate: port of the loopback in the section that init adds, where HAProxy cannot use a unix socket because of chroot, user or unix-bind prefix.',
    commands: ['init', 'run'],
  },
] as const satisfies readonly Option[];
