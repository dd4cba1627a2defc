import type { Member, Self } from '../model/member.ts';
import type { LeftOut } from '../model/membership.ts';
import { isDnsName, quoted } from '../model/names.ts';
import { canonicalAddress, familyOf } from './address.ts';

/** A pod, endpoint or address that may become a member, as its origin describes it. */
export interface Candidate {
  readonly name: string;
  /** Its pod's, which may not be the peer's. Missing: it is the same, or there is none. */
  readonly podName?: string;
  /** As of a member. */
  readonly uid?: string | undefined;
  /** Every address it has, its own favourite first; empty while it has none. */
  readonly addresses: readonly string[];
  readonly terminating: boolean;
  /** Being made: it will have an address in a moment. */
  readonly awaited?: boolean;
  /** As of a member. */
  readonly serving?: boolean | undefined;
}

export interface Chosen {
  /** Sorted by name, each name once. */
  readonly members: readonly Member[];
  readonly notes: readonly string[];
  /** How many are about to get an address. */
  readonly awaited: number;
  /** How many cannot be members: another IP family, a name that occurs twice, or an invalid name. */
  readonly ignored?: number;
  /** We ourselves are being deleted. */
  readonly leaving?: boolean;
  /** Pods that the selector leaves out. */
  readonly leftOut?: LeftOut | undefined;
}

/** How many names a note lists: a note is for people, and 1,000 pods may have one problem. */
const namesInNote = 5;

/** A list of names for people. */
export function listed(names: readonly string[]): string {
  const rest = names.length - namesInNote;
  const first = [...names].sort().slice(0, namesInNote).join(', ');
  return `${first}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function about(names: readonly string[], one: string, many: string): readonly string[] {
  return names.length === 0 ? [] : [`${listed(names)} ${names.length === 1 ? one : many}`];
}

/** Of two candidates with one name: the one that stays, then the lower address, so that the answer is stable. */
function better(left: Member, right: Member): Member {
  if (left.terminating !== right.terminating) return left.terminating ? right : left;
  return left.address <= right.address ? left : right;
}

/**
 * Whether it is this pod. The name alone is not sufficient: a predecessor or successor on the same node may have the
 * same peer name, and an outdated origin may still report a pod with this name and its old address.
 */
function isOurselves({ name, podName, addresses }: Candidate, self: Self): boolean {
  if (name !== self.name) return false;
  if (podName !== undefined && self.podName !== undefined && podName !== self.podName) return false;
  return addresses.length === 0 || addresses.map(canonicalAddress).includes(self.address);
}

function sharedAddresses(members: readonly Member[]): readonly string[] {
  const byAddress = new Map<string, string[]>();
  for (const { name, address } of members) {
    byAddress.set(address, [...(byAddress.get(address) ?? []), name]);
  }
  return [...byAddress]
    .filter(([, names]) => names.length > 1)
    .map(([address, names]) => `${names.join(' and ')} have the same address ${address}`);
}

/**
 * Turns candidates into members: one address of our own family each, each name once, sorted.
 * Our own entry always has the address of the downward API, because the status of a young pod lags behind it.
 * A name that no pod can have is left out, whatever it would do where it is written.
 * Two names at one address both stay: HAProxy accepts by name, so the wrong one is only a line that never connects.
 */
export function chooseMembers(candidates: Iterable<Candidate>, self: Self): Chosen {
  const family = familyOf(self.address);
  const byName = new Map<string, Member>();
  const without: string[] = [];
  const otherFamily: string[] = [];
  const twice = new Set<string>();
  const refused: string[] = [];
  const notes: string[] = [];
  let awaited = 0;
  let leaving = false;
  for (const candidate of candidates) {
    const { name, addresses, terminating, ...rest } = candidate;
    if (!isDnsName(name)) {
      refused.push(quoted(name));
      continue;
    }
    const own = name === self.name;
    if (terminating && isOurselves(candidate, self)) leaving = true;
    const usable = addresses.map(canonicalAddress).find((ip) => ip && familyOf(ip) === family);
    if (own && usable !== undefined && usable !== self.address) {
      notes.push(`our own address is ${self.address} here but ${usable} at the origin`);
    }
    const address = own ? self.address : usable;
    if (address === undefined) {
      if (rest.awaited === true && addresses.length === 0 && !terminating) awaited += 1;
      (addresses.length === 0 ? without : otherFamily).push(name);
      continue;
    }
    const { serving, uid } = rest;
    const told = {
      ...(uid === undefined ? {} : { uid }),
      ...(serving === undefined ? {} : { serving }),
    };
    const member = { name, address, terminating, ...told };
    const known = byName.get(name);
    if (known !== undefined) twice.add(name);
    byName.set(name, known === undefined ? member : better(known, member));
  }
  const members = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  notes.push(
    ...about(without, 'has no address yet', 'have no address yet'),
    ...about(otherFamily, `has no IPv${family} address`, `have no IPv${family} address`),
    ...about(
      refused,
      'is not the name of a pod, and is left out: check who can write it',
      'are not names of pods, and are left out: check who can write them',
    ),
    ...about([...twice], 'occurs more than once', 'occur more than once'),
    ...sharedAddresses(members),
  );
  if (!byName.has(self.name)) notes.push(`this pod (${self.name}) is not among the members`);
  const ignored = otherFamily.length + twice.size + refused.length;
  return { members, notes, awaited, ignored, leaving };
}
