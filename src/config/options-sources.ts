import { all, everywhere, type Option, sidecar, sidecarAndBackends } from '../model/option.ts';

/** Where the siblings are found. */
export const sourceOptions = [
  {
    name: 'source',
    type: ['kubernetes', 'service', 'dns', 'file'],
    default: 'kubernetes',
    description:
      'Where the peers are found: pods of the Kubernetes API, endpoints of a Service, addresses of a name, or a file.',
    commands: sidecar,
  },
  {
    name: 'namespace',
    short: 'n',
    type: 'string',
    env: ['POD_NAMESPACE'],
    description: 'Namespace of the pods (downward API: metadata.namespace).',
    commands: all,
  },
  {
    name: 'labels-file',
    type: 'string',
    default: '/etc/podinfo/labels',
    description:
      "This pod's labels as the downward API volume writes them. Used where they cannot be read from the API server.",
    commands: everywhere,
  },
  {
    name: 'selector',
    short: 'l',
    type: 'selector',
    description:
      "Label selector of the replicas. Default: the spec.selector of this pod's owner where the Role lets it be read, else the labels that name an application, and all replicas of the same owner.",
    commands: everywhere,
  },
  {
    name: 'allow-left-out',
    type: 'boolean',
    default: 'false',
    description:
      'Start although --selector leaves out running replicas of the same owner and no other peer could teach this one. For one set of peers in each zone.',
    commands: sidecar,
  },
  {
    name: 'service',
    type: 'string',
    description:
      'The Service whose endpoints are the peers; implies --source service. Its selector must select this pod.',
    commands: sidecar,
  },
  {
    name: 'dns',
    type: 'string',
    description:
      'The name whose addresses are the peers, e.g. a headless Service that publishes addresses that are not ready; implies --source dns. Peers are named after their addresses.',
    commands: sidecar,
  },
  {
    name: 'dns-interval',
    type: 'duration',
    least: '100ms',
    default: '2s',
    group: 'tuning',
    description: 'With --source dns: how often the name is looked up.',
    commands: sidecar,
  },
  {
    name: 'dns-server',
    type: 'list',
    default: '',
    description:
      'With --source dns: servers to ask, ADDR or ADDR:PORT, in place of those of the system. The name is then used as given, without search domains.',
    commands: sidecar,
  },
  {
    name: 'members-file',
    type: 'string',
    description: 'With --source file: YAML or JSON list of {name, address}, watched for changes.',
    commands: sidecar,
  },
  {
    name: 'kubeconfig',
    type: 'string',
    env: ['KUBECONFIG'],
    description: 'Kubeconfig file. Default: the service account of the pod.',
    commands: [...everywhere, 'backends'],
  },
  {
    name: 'relist-interval',
    type: 'duration',
    least: '1s',
    default: '5m',
    group: 'tuning',
    description: 'How often the pods are listed again even if the watch reports no change.',
    commands: sidecarAndBackends,
  },
] as const satisfies readonly Option[];
