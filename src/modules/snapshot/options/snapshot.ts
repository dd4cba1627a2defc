import { type Option, sidecar, sidecarAndSnapshot } from '../../../model/option.ts';

/** Whether the tables are recorded to files, and restored from them. */
export const snapshotOptions = [
  {
    name: 'snapshot',
    type: 'string',
    group: 'snapshot',
    description:
      'Directory to which the entries of the shared tables are recorded, and from which they are restored when all replicas were gone. Missing: neither. Must be the same for init and run. In reload mode not with TLS between the peers.',
    commands: sidecarAndSnapshot,
  },
  {
    name: 'snapshot-interval',
    type: 'duration',
    default: '30s',
    least: '1s',
    group: 'snapshot',
    description: 'How often they are recorded, by one replica of the set.',
    commands: sidecar,
  },
  {
    name: 'snapshot-keep',
    type: 'rate',
    default: '3',
    group: 'snapshot',
    description:
      'How many of the newest files are kept. The first of this and of the last hour, and of this and of the last day, are kept, too.',
    commands: sidecar,
  },
  {
    name: 'snapshot-set',
    type: 'string',
    group: 'snapshot',
    description:
      'Whose tables these are: only files of the same set are restored. Default: namespace and --peers-section. Needed where two workloads of a namespace use one directory.',
    commands: sidecarAndSnapshot,
  },
  {
    name: 'snapshot-key-file',
    type: 'string',
    group: 'snapshot',
    description:
      'File with a key, from a Secret, with which the files are encrypted: 32 bytes in base64. A second line may hold the key before it, which is only read with.',
    commands: sidecarAndSnapshot,
  },
] as const satisfies readonly Option[];
