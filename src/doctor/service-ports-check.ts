import { type Check, type Facts, failure, ok, type ServiceFact, warning } from './facts.ts';

type Port = ServiceFact['ports'][number];

/** What nobody but siblings, this pod and Prometheus has any business with. */
function inner({ options }: Facts): ReadonlyMap<number, string> {
  const { listen } = options.dataplaneUrl;
  return new Map([
    [options.peersPort, 'the tables of HAProxy can be read and written there'],
    [options.statusPort, 'names and addresses of the pods are told there'],
    ...('port' in listen ? ([[listen.port, 'the Data Plane API rules HAProxy']] as const) : []),
  ]);
}

/** Whether clients outside of the cluster are let in at a Service. */
function isPublished({ type }: ServiceFact): boolean {
  return type === 'LoadBalancer' || type === 'NodePort';
}

/**
 * Ports of Services that hand clients on to what is not for them: the chart of haproxytech makes a port of the Service of
 * each port of the container. A headless Service hands nobody on, and one for Prometheus has the status port alone.
 */
export const servicePorts: Check = (facts) => {
  const { services, ownPod } = facts;
  if (services?.ok !== true || services.value.length === 0) return [];
  const name = 'service-ports';
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
            `Service ${service.name} (${service.type}) hands clients on to port ${number}: ${why}`,
            `remove port ${port.port} from it; in the chart of haproxytech, containerPorts has what becomes a port of the Service, and rawContainerPorts what does not`,
          ),
        ];
      }),
    );
  if (findings.length > 0) return findings;
  const names = services.value.map((service) => service.name).join(', ');
  return [ok(name, `no Service (${names}) hands clients on to a port that is not for them`)];
};
