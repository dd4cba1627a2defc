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
      'Ask every pod of the selector: from inside a pod directly by address, elsewhere through the API server.',
    commands: ['status'],
  },
  {
    name: 'watch',
    type: 'boolean',
    default: 'false',
    description: 'Print again every two seconds until interrupted.',
    commands: ['status'],
  },
  {
    name: 'verbose',
    type: 'boolean',
    default: 'false',
    description: 'With --all: everything that each replica reports, below the table.',
    commands: ['status'],
  },
  {
    name: 'context',
    type: 'string',
    description: 'Context of the kubeconfig. Default: its current context.',
    commands: ['status', 'backends'],
  },
  {
    name: 'output',
    short: 'o',
    type: ['text', 'json'],
    default: 'text',
    description:
      'What is printed. json: one JSON array instead of text; with --watch one line each time.',
    commands: ['status', 'doctor', 'snapshot'],
  },
  {
    name: 'json',
    type: 'boolean',
    default: 'false',
    description: 'The same as --output json.',
    commands: ['status', 'doctor', 'snapshot'],
  },
] as const satisfies readonly Option[];
