import type { Option } from '../../../model/option.ts';

/** Whether the template is followed after the start. */
export const templateOptions = [
  {
    name: 'watch-template',
    type: 'boolean',
    default: 'false',
    description:
      'Follow --template: when it changes, render it as init does, and reload HAProxy with it once the gate allows. What HAProxy refuses is not put in force.',
    commands: ['run'],
  },
  {
    name: 'watch-files',
    type: 'list',
    description:
      'With --watch-template: further files or directories that HAProxy reads, such as certificates and maps, separated by commas. When one changes, HAProxy is reloaded. Mount them into the sidecar at these paths.',
    commands: ['run'],
  },
] as const satisfies readonly Option[];
