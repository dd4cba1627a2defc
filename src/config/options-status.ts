import type { Option } from '../model/option.ts';

/** Options of status alone. */
export const statusOptions = [
  {
    name: 'pod',
    type: 'list',
    default: '',
    description: 'Pods to ask through the API server, separated by commas or given repeatedly.',
    commands: ['status'],
  },
  {
    name: 'all',
    type: 'boolean',
    default: 'false',
    description:
      'Ask every pod of the selector: in a pod each on its own address, elsewhere through the API server.',
    commands: ['status'],
  },
  {
    name: 'watch',
    type: 'boolean',
    default: 'false',
    description: 'Go on, every two seconds, until it is stopped.',
    commands: ['status'],
  },
  {
    name: 'json',
    type: 'boolean',
    default: 'false',
    description: 'One JSON array instead of text; with --watch a line for each look.',
    commands: ['status', 'doctor'],
  },
] as const satisfies readonly Option[];
