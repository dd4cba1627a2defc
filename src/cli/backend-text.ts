import type { Status } from '../telemetry/status-schema.ts';

type Backend = NonNullable<Status['backends']>[number];

function servers({ servers: found }: Backend): string {
  if (found === null) return 'its servers are not known yet';
  const { up, drain, maint } = found;
  const rest = [
    ...(drain > 0 ? [`${drain} for clients that stick to them`] : []),
    ...(maint > 0 ? [`${maint} in maintenance`] : []),
  ];
  return [`${up} ${up === 1 ? 'server' : 'servers'} in use`, ...rest].join(', ');
}

/** A line for each backend that has the endpoints of a Service. Why one is not as it should be is among the troubles. */
export function backendFacts(
  backends: readonly Backend[],
): readonly { readonly label: string; readonly text: string; readonly bad: boolean }[] {
  return backends.map((backend) => ({
    label: 'backend',
    text: `${backend.name} from ${backend.service}: ${servers(backend)}`,
    bad: backend.held.length > 0 || (backend.servers?.up ?? 0) === 0,
  }));
}
