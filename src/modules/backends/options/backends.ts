import type { Option } from '../../../model/option.ts';

const commands = ['run', 'doctor', 'backends'] as const;

/** Which backends have the endpoints of which Service, and how. */
export const backendsOptions = [
  {
    name: 'backend',
    type: 'list',
    default: '',
    group: 'backends',
    description:
      'BACKEND=SERVICE, BACKEND=NAMESPACE/SERVICE, each with :PORT behind it: the endpoints of the Service are servers of that backend of haproxy.cfg, and HAProxy is not reloaded for them. PORT is the name of a port of the Service, or the number that the pods listen on; it may be left out where there is one. May be given several times.',
    commands,
  },
  {
    name: 'address',
    type: ['pod', 'node'],
    default: 'pod',
    group: 'backends',
    description:
      'With --backend: where servers are reached. pod: at the addresses of the endpoints. node: at the InternalIP of each node and the port that the Service has there, for a HAProxy that does not reach pods; with externalTrafficPolicy Local at the nodes that have such a pod, weighted by how many. PORT is then a port of the Service. Needs the right to read nodes and services.',
    commands,
  },
  {
    name: 'zone',
    type: 'string',
    group: 'backends',
    description:
      'With --backend: the zone of this replica. Where every endpoint has a topology hint, those for other zones get only clients that stick to them.',
    commands,
  },
  {
    name: 'server-params',
    type: 'string',
    group: 'backends',
    description:
      'With --backend: words that a server line has behind its address, such as check inter 2s. HAProxy takes nothing from default-server for a server that it is given while it runs.',
    commands,
  },
  {
    name: 'on-empty',
    type: ['maint', 'keep'],
    default: 'maint',
    group: 'backends',
    description:
      'With --backend: what becomes of the servers when no endpoint serves. maint: nobody is sent there, so HAProxy answers 503. keep: they stay in use. As long as the API server is silent they stay as they are in any case.',
    commands,
  },
  {
    name: 'delete-after',
    type: 'duration',
    default: '60s',
    group: 'backends',
    description:
      'With --backend: how long a server whose endpoint is gone stays in maintenance before it is deleted. One that still has connections is deleted when they have ended. Not with HAProxy before 3.0.',
    commands,
  },
  {
    name: 'drain-limit',
    type: 'duration',
    default: '0s',
    group: 'backends',
    description:
      'With --backend: after this time in maintenance, connections to a server whose endpoint is gone are closed. 0s: never.',
    commands,
  },
  {
    name: 'dynamic',
    type: ['auto', 'add'],
    default: 'auto',
    group: 'backends',
    description:
      'With --backend: auto gives servers to HAProxy 3.0 and later. add: also to 2.6 and later, where those that are gone stay in maintenance until HAProxy is reloaded, because deleting one may end it.',
    commands,
  },
  {
    name: 'check',
    type: 'boolean',
    default: 'false',
    group: 'backends',
    description:
      'Look for problems, print them with what mends each, and end: exit code 1 for a failure. Changes nothing, and may run beside the process.',
    commands: ['backends'],
  },
  {
    name: 'state-directory',
    type: 'string',
    env: ['STATE_DIRECTORY'],
    group: 'backends',
    description:
      'Where it is noted which servers of haproxy.cfg are its own. Default: beside --haproxy-config.',
    commands: ['backends'],
  },
] as const satisfies readonly Option[];
