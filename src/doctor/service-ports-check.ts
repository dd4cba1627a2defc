import { type Check, type Facts, failure, ok, type ServiceFact, warning } from './facts.ts';
import { notLookedAt } from './not-looked-at.ts';

type Port = ServiceFact['ports'][number];

/** Ports that only peers, this pod and Prometheus should reach, with the reason. */
function inner({ options, relay }: Facts): ReadonlyMap<number, string> {
  const status = [options.statusPort, 'names and addresses of the pods can be read there'] as const;
  if (relay !== undefined)
    return new Map([[relay.port, 'only sidecars of the replicas talk to it'], status]);
  const { listen } = options.dataplaneUrl;
  return new Map([
    [options.peersPort, 'the tables of HAProxy can be read and written there'],
    status,
    ...('port' in listen ? ([[listen.port, 'the Data Plane API controls HAProxy']] as const) : []),
  ]);
}

/** Whether a Service accepts clients from outside the cluster. */
function isPublished({ type }: ServiceFact): boolean {
  return type === 'LoadBalancer' || type === 'NodePort';
}

/**
 * Finds ports of Services that send clients to internal ports. The chart of haproxytech makes every container port a
 * port of the Service. A headless Service forwards no connections, and a Service for Prometheus has only the status
 * port.
 */
export const servicePorts: Check = (facts) => {
  const { services, ownPod } = facts;
  if (services === undefined) return [];
  const name = 'service-ports';
  // Which Services are meant is told by the labels of the pod.
  if (ownPod?.ok === false) return [notLookedAt(name, ['this pod', 'Services'], ownPod)];
  if (!services.ok) return [notLookedAt(name, ['Services'], services)];
  if (services.value.length === 0) return [];
  const ports = ownPod?.ok === true ? ownPod.value.ports : [];
  const numberOf = ({ target }: Port) =>
    typeof target === 'number' ? target : ports.find((each) => each.name === target)?.port;
  const closed = inner(facts);
  const findings = services.value
    .filter(({ headless }) => !headless)
    .flatMap((service) =>
      service.ports.flatMap((port) => {
        const number = numberOf(port);
        const why = number === undefined ? undefined : closed.get(number);
        const isForScraping = number === facts.options.statusPort && !isPublished(service);
        if (why === undefined || isForScraping) return [];
        return [
          (isPublished(service) ? failure : warning)(
            name,
            `Service ${service.name} (${service.type}) sends clients to port ${number}: ${why}`,
            `remove port ${port.port} from it; in the chart of haproxytech, containerPorts become ports of the Service, and rawContainerPorts do not`,
          ),
        ];
      }),
    );
  if (findings.length > 0) return findings;
  const names = services.value.map((service) => service.name).join(', ');
  return [ok(name, `no Service (${names}) sends clients to an internal port`)];
};
