import type { Member } from '../../../model/member.ts';
import type { Membership } from '../../../model/membership.ts';
import type { DialInput } from './dialling.ts';
import type { PlainLink } from './plain-link.ts';

/** Another member that there is no link to, as the bridge knows it. */
export interface Pod {
  readonly member: Member;
  readonly uid: string;
  runs: DialInput['runs'];
  askedAtMs: number;
  /** A question to its `/status`, or a connection to its HAProxy, is under way. */
  asking: boolean;
  dialling: AbortController | null;
  failures: number;
  triedAtMs: number;
  apartSinceMs: number;
  /** When the connection was made that there is. */
  attachedAtMs: number;
  plain: PlainLink | null;
}

/** Where the source does not tell uids, another address is another pod. */
export function uidOf({ name, uid, address }: Member): string {
  return uid ?? `${name}@${address}`;
}

/**
 * Members that come and go, without those that are linked. What was known of the same pod stays; `drop` ends what there is
 * with one that is gone, has moved, or turns out to be in relay mode.
 */
export function createPods(selfName: string, drop: (pod: Pod, why: string) => void) {
  const pods = new Map<string, Pod>();
  return {
    all: () => [...pods.values()],
    get: (member: Member) => pods.get(uidOf(member)),
    update({ synced, members }: Membership, linked: ReadonlySet<string>, nowMs: number): void {
      const now = new Map(
        members
          .filter(({ name }) => name !== selfName && !linked.has(name))
          .map((member) => [uidOf(member), member]),
      );
      for (const [uid, pod] of pods) {
        const member = now.get(uid);
        const isSame = member !== undefined && member.address === pod.member.address;
        // Unknown is not empty: where the members are not known any more, a session stays.
        if (isSame || (!synced && !linked.has(pod.member.name))) continue;
        pods.delete(uid);
        drop(pod, linked.has(pod.member.name) ? 'it is in relay mode' : 'it is no member any more');
      }
      for (const [uid, member] of now) {
        const before = pods.get(uid);
        if (before !== undefined) pods.set(uid, Object.assign(before, { member }));
        else
          pods.set(uid, {
            ...{ member, uid, runs: null, askedAtMs: Number.NEGATIVE_INFINITY, asking: false },
            ...{
              dialling: null,
              failures: 0,
              triedAtMs: nowMs,
              apartSinceMs: nowMs,
              attachedAtMs: nowMs,
              plain: null,
            },
          });
      }
    },
  };
}
