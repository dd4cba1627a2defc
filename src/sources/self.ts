import { UserError } from '../errors.ts';
import type { Self } from '../model/member.ts';
import { isDnsName, quoted } from '../model/names.ts';
import { canonicalAddress } from './address.ts';

/** Raw values of the downward API; undefined or empty when the variable is not set. */
export interface SelfInput {
  readonly podName?: string | undefined;
  /** `status.podIP`. */
  readonly podIp?: string | undefined;
  /** `status.podIPs`, separated by commas. */
  readonly podIps?: string | undefined;
  /** With peers named after nodes: `spec.nodeName` and `status.hostIP`. */
  readonly node?: { readonly name: string; readonly ip: string };
}

/** Ourselves with every address the pod has, our own family first. */
export interface SelfWithAddresses extends Self {
  readonly addresses: readonly string[];
}

function nameProblem(name: string): string | undefined {
  if (name === '') return 'POD_NAME is not set';
  return isDnsName(name) ? undefined : `POD_NAME ${quoted(name)} is not a pod name`;
}

/**
 * The identity of this pod: its name, and the address in `POD_IP`, or `status.podIPs[0]`, which is the same by the
 * API's contract. Throws one `UserError` SELF_UNKNOWN that names everything that is missing or wrong.
 */
export function readSelf(input: SelfInput): SelfWithAddresses {
  const name = input.podName?.trim() ?? '';
  const listed = (input.podIps ?? '').split(',').filter((text) => text.trim() !== '');
  const own = input.podIp?.trim() || listed[0]?.trim() || '';
  const address = canonicalAddress(own);
  const problems = [nameProblem(name)];
  if (own === '') problems.push('POD_IP is not set');
  else if (address === undefined) problems.push(`POD_IP "${own}" is not an IP address`);
  const addresses = new Set(address === undefined ? [] : [address]);
  for (const text of listed) {
    const known = canonicalAddress(text);
    if (known === undefined) problems.push(`POD_IPS holds "${text.trim()}", not an IP address`);
    else addresses.add(known);
  }
  if (input.node !== undefined && !isDnsName(input.node.name))
    problems.push(`NODE_NAME ${quoted(input.node.name)} is not the name of a node`);
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length > 0 || address === undefined) {
    throw new UserError('SELF_UNKNOWN', `The pod does not know itself: ${found.join('; ')}.`, {
      hint: 'Set POD_NAME from metadata.name, POD_IP from status.podIP and POD_IPS from status.podIPs (downward API).',
    });
  }
  // A pod with hostNetwork has the address of its node, and no other pod has.
  const named = input.node;
  const onHost = named !== undefined && canonicalAddress(named.ip) === address;
  return { name: onHost ? named.name : name, podName: name, address, addresses: [...addresses] };
}
