import type { Member, Self } from '../../src/model/member.ts';
import type { Membership } from '../../src/model/membership.ts';
import type { Observed } from '../../src/model/observed.ts';
import type { PeerEntry, PeersSection } from '../../src/model/peers-section.ts';
import type { PeerState, PeersState } from '../../src/model/peers-state.ts';

/** Builders: each gives a valid value, and takes what the test is about. */
export function member(name: string, part: Partial<Member> = {}): Member {
  return { name, address: addressOf(name), terminating: false, ...part };
}

/** `a` → 10.0.0.1, `b` → 10.0.0.2, … and 10.0.9.9 for longer names. */
function addressOf(name: string): string {
  return name.length === 1 ? `10.0.0.${name.charCodeAt(0) - 96}` : '10.0.9.9';
}

export function membership(...names: readonly (string | Member)[]): Membership {
  const members = names.map((name) => (typeof name === 'string' ? member(name) : name));
  const leaving = members.some(({ name, terminating }) => name === self().name && terminating);
  return { synced: true, members, notes: [], awaited: 0, leaving, observedAtMs: 0 };
}

export function self(name = 'a'): Self {
  return { name, address: addressOf(name) };
}

export function entry(name: string, part: Partial<PeerEntry> = {}): PeerEntry {
  return { name, address: addressOf(name), port: 3000, ...part };
}

export function section(
  names: readonly (string | PeerEntry)[],
  part: Partial<PeersSection> = {},
): PeersSection {
  return {
    name: 'haproxy-peers',
    exists: true,
    style: 'peer',
    entries: names.map((name) => (typeof name === 'string' ? entry(name) : name)),
    version: '1',
    obstacles: [],
    ...part,
  };
}

export function peer(name: string, part: Partial<PeerState> = {}): PeerState {
  return {
    name,
    local: false,
    address: `${addressOf(name)}:3000`,
    established: true,
    lastStatus: 'ESTA',
    ...part,
  };
}

export function state(part: Partial<PeersState> = {}): PeersState {
  return {
    section: 'haproxy-peers',
    resync: 'learned',
    localName: 'a',
    peers: [],
    tables: [],
    ...part,
  };
}

/** What is observed of a HAProxy that runs and has the section. */
export function up(part: Partial<PeersState> = {}): Observed & { readonly kind: 'up' } {
  return { kind: 'up', state: state(part) };
}
