import { isIP } from 'node:net';
import { isDnsName, quoted } from '../../../model/names.ts';
import type { Slice, SliceEndpoint } from './slice.ts';

/** One address of one endpoint, as one slice has it. */
export interface Candidate
  extends Pick<SliceEndpoint, 'ready' | 'serving' | 'terminating' | 'node' | 'forZones'> {
  /** Of the pod, else `ip-port`. */
  readonly name: string;
  /** Whose it is, as far as the slice says: the pod's uid or name, else nothing. */
  readonly owner: string;
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
  readonly resourceVersion: string;
}

/** A port by its name, or by its number in the pod; null: the Service has only one. */
export type WantedPort = string | number | null;

export interface Candidates {
  readonly candidates: readonly Candidate[];
  /** What was passed over, and why; each once. */
  readonly notes: readonly string[];
}

/** The number of the port in this slice, or why there is none. */
function portIn({ ports, name }: Slice, wanted: WantedPort): number | string {
  const tcp = ports.filter(({ protocol }) => protocol === 'TCP');
  const found =
    wanted === null
      ? tcp
      : tcp.filter((each) =>
          typeof wanted === 'number'
            ? each.port === wanted || each.port === null
            : each.name === wanted,
        );
  const [first] = found;
  const names = tcp.map((each) => each.name || String(each.port)).join(', ') || 'none';
  if (first === undefined)
    return `EndpointSlice ${name} has no TCP port${wanted === null ? '' : ` ${wanted}, but ${names}`}`;
  if (wanted === null && found.length > 1)
    return `EndpointSlice ${name} has several ports (${names}): name one, as in BACKEND=SERVICE:PORT`;
  const port = first.port ?? (typeof wanted === 'number' ? wanted : 0);
  return port >= 1 && port <= 65_535
    ? port
    : `EndpointSlice ${name} says any port: give its number, as in BACKEND=SERVICE:8080`;
}

/** Every address that slices have for this port; only the first of an endpoint, since all of them are the same to the API. */
export function candidatesOf(slices: Iterable<Slice>, wanted: WantedPort): Candidates {
  const candidates: Candidate[] = [];
  const notes = new Set<string>();
  for (const slice of slices) {
    const { addressType, resourceVersion, endpoints } = slice;
    const family = addressType === 'IPv4' ? 4 : addressType === 'IPv6' ? 6 : null;
    if (family === null) {
      notes.add(`EndpointSlice ${slice.name} has names, not addresses (${quoted(addressType)})`);
      continue;
    }
    if (endpoints.length === 0) continue;
    const port = portIn(slice, wanted);
    if (typeof port === 'string') {
      notes.add(port);
      continue;
    }
    for (const { addresses, pod, ...conditions } of endpoints) {
      const [address = ''] = addresses;
      if (isIP(address) !== family || address.includes('%')) {
        notes.add(`${quoted(address)} in EndpointSlice ${slice.name} is no ${addressType} address`);
        continue;
      }
      // The API server does not check names of targetRef.
      const isNamed = pod !== null && isDnsName(pod.name);
      const name = isNamed ? pod.name : `${address}-${port}`;
      const owner = isNamed ? (pod.uid ?? pod.name) : '';
      candidates.push({ name, owner, family, address, port, resourceVersion, ...conditions });
    }
  }
  return { candidates, notes: [...notes].toSorted() };
}
