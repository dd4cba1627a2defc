import type { Member } from '../../../model/member.ts';
import type { Membership } from '../../../model/membership.ts';
import type { RefusalCode } from './codes.ts';
import type { Greeting, HeardHello } from './greeting.ts';

export type Verdict =
  | { readonly kind: 'accept'; readonly member: Member }
  /** What discovery knows may only be late: to be judged again, for a limited time. */
  | { readonly kind: 'wait'; readonly code: RefusalCode; readonly why: string }
  | { readonly kind: 'refuse'; readonly code: RefusalCode; readonly why: string };

export interface AdmissionInput {
  readonly greeting: HeardHello;
  readonly own: Omit<Greeting, 'attempt'>;
  readonly selfName: string;
  readonly membership: Membership;
  /** The other end of the connection, as `Member.address`. */
  readonly address: string;
  /** The member's name that was dialled; undefined where the other side has dialled. */
  readonly dialled: string | undefined;
  /** Who has a connection already: greeted and not closed. */
  readonly others: readonly { readonly pod: string; readonly uid: string }[];
}

/** What is wrong whatever discovery may still learn. */
function mismatch({ greeting, own, selfName, dialled }: AdmissionInput): Verdict | undefined {
  const refuse = (code: RefusalCode, why: string) => ({ kind: 'refuse', code, why }) as const;
  const { version, section, start, uid, pod } = greeting;
  if (version !== own.version)
    return refuse('version', `it speaks version ${version}, and we ${own.version}`);
  if (start === own.start) return refuse('self', 'it is ourselves');
  if (section !== own.section)
    return refuse('section', `its peers section is ${section}, and ours ${own.section}`);
  if (uid === own.uid) return refuse('own-uid', `${pod} says that it has our own uid ${uid}`);
  if (pod === selfName || pod === own.pod)
    return refuse('own-name', `another pod (uid ${uid}) has our own name ${pod}`);
  if (dialled !== undefined && pod !== dialled)
    return refuse('pod', `${pod} answers at the address of ${dialled}`);
  return undefined;
}

/** May who greets be linked with? Only who discovery knows, by name, uid (where it tells) and address. */
export function judgeGreeting(input: AdmissionInput): Verdict {
  const wrong = mismatch(input);
  if (wrong !== undefined) return wrong;
  const { greeting, membership, address, others } = input;
  const { pod, uid } = greeting;
  const wait = (code: RefusalCode, why: string) => ({ kind: 'wait', code, why }) as const;
  const same = membership.members.find((each) => each.uid === uid && each.name !== pod);
  if (same !== undefined)
    return {
      ...({ kind: 'refuse', code: 'pod' } as const),
      why: `we call it ${same.name}, and it itself ${pod}: have all replicas the same --peer-names?`,
    };
  const member = membership.members.find(({ name }) => name === pod);
  if (member === undefined)
    return wait(
      'unknown',
      `${pod} is no member${membership.synced ? '' : ' yet: the members are not known'}`,
    );
  if (member.uid !== undefined && member.uid !== uid)
    return wait('uid', `${pod} says that its uid is ${uid}, and the member has ${member.uid}`);
  if (member.address !== address)
    return wait('address', `${pod} comes from ${address}, and the member has ${member.address}`);
  const twin = others.find((each) => each.uid === uid && each.pod !== pod);
  if (twin !== undefined) return wait('claimed', `${pod} and ${twin.pod} have the same uid ${uid}`);
  return { kind: 'accept', member };
}

/** Why a link with a member that was accepted may stay no longer; undefined where it may. */
export function outdated(
  link: { readonly pod: string; readonly uid: string; readonly address: string },
  membership: Membership,
): 'gone' | 'moved' | undefined {
  const member = membership.members.find(({ name }) => name === link.pod);
  // Unknown is not empty.
  if (member === undefined) return membership.synced ? 'gone' : undefined;
  const same =
    (member.uid === undefined || member.uid === link.uid) && member.address === link.address;
  return same ? undefined : 'moved';
}
