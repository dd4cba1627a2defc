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
    description: 'Print again every two seconds, until it is stopped.',
    commands: ['status'],
  },
  {
    name: 'verbose',
    type: 'boolean',
    default: 'false',
    description: 'With --all: everything that each replica tells, below the table.',
    commands: ['status'],
  },
  {
    name: 'context',
    type: 'string',
    description: 'Context of the kubeconfig, in place of its current one.',
    commands: ['status'],
  },
  {
    name: 'output',
    short: 'o',
    type: ['text', 'json'],
    default: 'text',
    description:
      'What is printed. With json one JSON array instead of text; with --watch a line for each look.',
    commands: ['status', 'doctor'],
  },
  {
    name: 'json',
    type: 'boolean',
    default: 'false',
    description: 'The same as --output json.',
    commands: ['status', 'doctor'],
  },
] as const satisfies readonly Option[];
