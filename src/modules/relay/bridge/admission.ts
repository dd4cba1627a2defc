import type { Member } from '../../../model/member.ts';
import type { HeardHello } from './hello.ts';

export interface AdmissionInput {
  readonly hello: HeardHello;
  readonly selfName: string;
  readonly members: readonly Member[];
  /** The other end of the connection, as `Member.address`; undefined: whoever asks, nothing will pass. */
  readonly address: string | undefined;
  /** Pods that there is a link to: they are in relay mode. */
  readonly linked: ReadonlySet<string>;
}

export type Verdict =
  | { readonly kind: 'accept'; readonly member: Member }
  /** The status is HAProxy's (PEER_SESS_SC_*, src/peers.c): its own name is another one, or it has no such peer. */
  | { readonly kind: 'refuse'; readonly status: 503 | 504; readonly why: string };

/** May who asks for a session have one? Only a member that discovery knows, by name and address, in place of the line that HAProxy has not. */
export function judgeHello(input: AdmissionInput): Verdict {
  const { hello, selfName, members, address, linked } = input;
  const refuse = (status: 503 | 504, why: string) => ({ kind: 'refuse', status, why }) as const;
  if (hello.to !== selfName) return refuse(503, `it means ${hello.to}`);
  const member = members.find(({ name }) => name === hello.from);
  if (member === undefined || hello.from === selfName)
    return refuse(504, `${hello.from} is no other member`);
  if (address !== undefined && member.address !== address)
    return refuse(504, `${hello.from} comes from ${address}, and the member has ${member.address}`);
  if (linked.has(hello.from)) return refuse(504, `${hello.from} is in relay mode: it has a link`);
  return { kind: 'accept', member };
}
