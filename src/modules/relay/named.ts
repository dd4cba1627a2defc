import type { Observed } from '../../model/observed.ts';
import type { Status } from '../../telemetry/status-schema.ts';
import type { Partner } from './ready.ts';
import type { Sibling } from './sessions.ts';

/** What HAProxy says, with the names of pods in place of slots; slots that nobody has are left out. */
export function observedByName(
  observed: Observed,
  selfName: string,
  siblings: readonly Sibling[],
): Observed {
  if (observed.kind === 'down' || observed.state === null) return observed;
  const names = new Map(siblings.map(({ slot, name }) => [slot, name]));
  const peers = observed.state.peers.flatMap((peer) => {
    const name = peer.local ? selfName : names.get(peer.name);
    return name === undefined ? [] : [{ ...peer, name }];
  });
  return { ...observed, state: { ...observed.state, peers } };
}

/**
 * The peers of a status: every other member under its name and address, with its slot, whether there is a session or not.
 */
export function peersByName(
  peers: Status['peers'],
  selfName: string,
  partners: readonly Partner[],
): Status['peers'] {
  const bySlot = new Map(peers.map((peer) => [peer.name, peer]));
  const own = peers.filter(({ local }) => local).map((peer) => ({ ...peer, name: selfName }));
  const others = partners.map(({ member, paired, slot }) => {
    const peer = slot === null ? undefined : bySlot.get(slot);
    return {
      name: member.name,
      address: slot === null ? member.address : `${member.address} ${slot}`,
      local: false,
      established: paired && peer?.established === true,
      lastStatus: peer?.lastStatus ?? 'NONE',
      ...(peer?.lag === undefined ? {} : { lag: peer.lag }),
    };
  });
  return [...own, ...others];
}
