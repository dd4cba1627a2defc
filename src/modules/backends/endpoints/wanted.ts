import type { WantedServer } from '../server.ts';
import { type Candidate, candidatesOf, type WantedPort } from './endpoint-addresses.ts';
import { oneOfEach } from './one-of-each.ts';
import { serverIds } from './server-id.ts';
import type { Slice } from './slice.ts';

export interface WantedOptions {
  readonly port: WantedPort;
  /** The zone of this replica: endpoints that are meant for others get no new clients. */
  readonly zone?: string | undefined;
}

export interface Wanted {
  /** In the order of their names. */
  readonly servers: readonly WantedServer[];
  /** What was passed over, and why. */
  readonly notes: readonly string[];
}

const fullWeight = 1;

/** As kube-proxy does it: hints count if all that would be used have them, and one of them is for this zone. */
function inZone(used: readonly Candidate[], zone: string | undefined): readonly Candidate[] {
  if (zone === undefined || used.some(({ forZones }) => (forZones ?? []).length === 0)) return used;
  const near = used.filter(({ forZones }) => forZones?.includes(zone));
  return near.length === 0 ? used : near;
}

/**
 * The servers of a backend (KEP-1669). Ready endpoints are used. Where there is none, those that terminate and still serve are; else
 * these drain, as do those of other zones: clients that stick to one still reach it. What does not serve is in
 * maintenance. The same slices give the same servers on every replica, in whatever order and however they are split.
 */
export function wantedServers(slices: Iterable<Slice>, { port, zone }: WantedOptions): Wanted {
  const { candidates, notes } = candidatesOf(slices, port);
  const endpoints = oneOfEach(candidates);
  const ready = endpoints.filter((each) => each.ready);
  const lasting = endpoints.filter(({ serving, terminating }) => serving && terminating);
  const used = new Set(inZone(ready.length > 0 ? ready : lasting, zone));
  const served = new Set([...ready, ...lasting]);
  const ids = serverIds(endpoints.map(({ name }) => name));
  const servers = endpoints.map((each): WantedServer => {
    const { name, address, port: number } = each;
    const state = used.has(each) ? 'up' : served.has(each) ? 'drain' : 'maint';
    const weight = state === 'drain' ? 0 : fullWeight;
    return { name, id: ids.get(name) ?? 0, address, port: number, weight, state };
  });
  return { servers: servers.toSorted((left, right) => (left.name < right.name ? -1 : 1)), notes };
}
