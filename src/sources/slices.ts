import type { Self } from '../model/member.ts';
import { type Candidate, type Chosen, chooseMembers } from './choose-members.ts';

export interface EndpointFacts {
  /** The pod's name, else the hostname; null when it has neither. */
  readonly name: string | null;
  /** The pod's; missing where the endpoint names none. */
  readonly uid?: string;
  readonly addresses: readonly string[];
  readonly terminating: boolean;
  /** It is ready; missing: it is not, or that is unknown. */
  readonly serving?: boolean;
}

/** The few facts of an EndpointSlice that matter here. */
export interface SliceFacts {
  readonly name: string;
  readonly endpoints: readonly EndpointFacts[];
}

export function sameSlice(left: SliceFacts, right: SliceFacts): boolean {
  return JSON.stringify(left.endpoints) === JSON.stringify(right.endpoints);
}

/** Of one endpoint in two slices; undefined where they differ, while a pod is followed by one of its name. */
function sameUid(uid: string | undefined, known: string | undefined): string | undefined {
  return uid === undefined || known === undefined || uid === known ? (uid ?? known) : undefined;
}

/**
 * Turns endpoints into members. A Service has several slices, with at most 100 endpoints each and one IP family each,
 * and an endpoint may briefly be in two of them. An endpoint without a name cannot be a peer.
 */
export function membersFromSlices(
  slices: Iterable<SliceFacts>,
  self: Self,
  service: string,
): Chosen {
  const byName = new Map<string, Candidate>();
  let nameless = 0;
  let some = false;
  for (const { endpoints } of slices) {
    for (const { name, uid, addresses, terminating, serving } of endpoints) {
      some = true;
      if (name === null) {
        nameless += 1;
        continue;
      }
      const known = byName.get(name);
      byName.set(name, {
        name,
        uid: sameUid(uid, known?.uid),
        addresses: [...new Set([...(known?.addresses ?? []), ...addresses])],
        terminating: terminating || known?.terminating === true,
        serving: serving === true || known?.serving === true ? true : undefined,
      });
    }
  }
  if (!some) {
    const note = `Service ${service} has no endpoint, not even the address of this pod: is that its name, and does it select this pod?`;
    return { members: [], notes: [note], awaited: 0 };
  }
  const chosen = chooseMembers(byName.values(), self);
  const note = `${nameless} ${nameless === 1 ? 'endpoint has' : 'endpoints have'} neither a pod nor a hostname`;
  return nameless === 0 ? chosen : { ...chosen, notes: [...chosen.notes, note] };
}
