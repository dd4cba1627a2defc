import type { Option } from '../../../model/option.ts';

/** Of the command `snapshot` alone. */
export const byHandOptions = [
  {
    name: 'to',
    type: 'string',
    group: 'snapshot',
    description:
      'Of take: the file to write, which must not be there yet. Missing: one of --snapshot, which is kept as long as others.',
    commands: ['snapshot'],
  },
  {
    name: 'entries',
    type: 'boolean',
    default: 'false',
    group: 'snapshot',
    description: 'Of show: keys and values, too.',
    commands: ['snapshot'],
  },
  {
    name: 'table',
    type: 'string',
    group: 'snapshot',
    description: 'Of show --entries: of this table alone.',
    commands: ['snapshot'],
  },
  {
    name: 'limit',
    type: 'rate',
    default: '20',
    group: 'snapshot',
    description: 'Of show --entries: how many at most, up to 100000.',
    commands: ['snapshot'],
  },
  {
    name: 'force',
    type: 'boolean',
    default: 'false',
    group: 'snapshot',
    description:
      'Of restore: also where the tables hold entries; what HAProxy has as new or newer stays. Of take: also where this replica is not ready.',
    commands: ['snapshot'],
  },
] as const satisfies readonly Option[];
