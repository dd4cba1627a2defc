import type { Self } from '../model/member.ts';
import { type Candidate, type Chosen, chooseMembers } from './choose-members.ts';
import type { PodOrigin } from './left-out.ts';

/** The few facts of a pod that matter here; everything else of the object is dropped at once. */
export interface PodFacts extends Candidate {
  /** `status.podIPs`, with `status.podIP` first. */
  readonly addresses: readonly string[];
  /** Phase Succeeded or Failed: its containers will not run again, and its address may already be another pod's. */
  readonly finished: boolean;
  /** The node's name when the pod has hostNetwork, and with it the node's address. */
  readonly hostNode?: string;
  /** Phase Running: its init containers are done, so its HAProxy may hold something. */
  readonly running?: boolean;
  /** Labels and controller of the pod, from which its siblings are found. */
  readonly origin?: PodOrigin;
}

/** How peers are called: `node` names pods with hostNetwork after their node, so that a restart keeps the name. */
export type PeerNames = 'pod' | 'node';

/** The peer's name of a pod: the same answer in every replica, because it follows from the pod alone. */
function peerName(pod: PodFacts, names: PeerNames): string {
  return names === 'node' ? (pod.hostNode ?? pod.name) : pod.name;
}

/** True if nothing changed that this program uses, as in most updates of a pod. */
export function samePod(left: PodFacts, right: PodFacts): boolean {
  return (
    left.name === right.name &&
    left.uid === right.uid &&
    left.hostNode === right.hostNode &&
    left.awaited === right.awaited &&
    left.terminating === right.terminating &&
    left.finished === right.finished &&
    left.running === right.running &&
    sameOrigin(left.origin, right.origin) &&
    left.serving === right.serving &&
    left.addresses.join() === right.addresses.join()
  );
}

function sameOrigin(left: PodOrigin | undefined, right: PodOrigin | undefined): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}

/**
 * Turns pods of the selector into members: all pods with an address that are not finished. A terminating pod stays
 * until it is gone, because it may still have to teach. A pod whose init container runs counts, too, because a pod
 * must be known before its HAProxy starts. This pod is always present, whatever its status.
 */
export function membersFromPods(
  pods: Iterable<PodFacts>,
  self: Self,
  names: PeerNames = 'pod',
): Chosen {
  const alive: Candidate[] = [];
  for (const pod of pods) {
    const name = peerName(pod, names);
    const own = pod.name === (self.podName ?? self.name);
    if (!pod.finished || own) alive.push({ ...pod, name, podName: pod.name });
  }
  if (alive.length === 0) {
    const note = 'the selector matches no pod, not even this one: compare it with the pod labels';
    return { members: [], notes: [note], awaited: 0 };
  }
  return chooseMembers(alive, self);
}
