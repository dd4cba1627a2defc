import type { HoldCode } from '../../model/decision.ts';
import type { Self } from '../../model/member.ts';
import type { Membership } from '../../model/membership.ts';
import type { PeersPlan } from '../../model/peers-plan.ts';
import type { PeerEntry, PeersSection } from '../../model/peers-section.ts';

export interface PlanSettings {
  /** TCP port of every sibling. */
  readonly port: number;
  /** Names that stay although no pod has them: `--keep-peer` and the static peers of the template. */
  readonly keep: ReadonlySet<string>;
  /** Expected peers, with an address that no pod has: they are declared, and never removed. */
  readonly expected: readonly PeerEntry[];
  /** A section without TLS is never written, because its entries could be read on the network. */
  readonly tls?: boolean;
}

/**
 * The difference between the existing pods and the existing peers section. Idempotent: after its own changes are
 * applied, it finds none. Never changes this pod's entry once it exists, because a worker hands over its tables
 * through the address it was started with (HAProxy configuration manual §3.5, `peer`).
 */
export function planPeers(
  desired: Membership,
  actual: PeersSection,
  self: Self,
  settings: PlanSettings,
): PeersPlan {
  const hold = holdOf(desired, actual, self, settings);
  if (hold !== null) return { kind: 'hold', ...hold };

  const known = new Map(actual.entries.map((entry) => [entry.name, entry]));
  const wanted = new Set<string>([self.name]);
  const add: PeerEntry[] = [];
  const update: PeerEntry[] = [];
  const reasons: string[] = [];
  if (!known.has(self.name)) {
    add.push({ name: self.name, address: self.address, port: settings.port });
    reasons.push(`own entry ${self.name} is missing`);
  }
  for (const member of desired.members) {
    if (member.name === self.name) continue;
    wanted.add(member.name);
    const entry = { name: member.name, address: member.address, port: settings.port };
    const present = known.get(member.name);
    // A pod that is being deleted has nothing left to learn, and is not worth a reload.
    if (member.terminating) continue;
    if (present === undefined) {
      add.push(entry);
      reasons.push(`${member.name} joined at ${member.address}`);
    } else if (
      !settings.keep.has(member.name) &&
      (present.address !== entry.address || present.port !== entry.port)
    ) {
      update.push(entry);
      reasons.push(`${member.name} moved from ${present.address} to ${member.address}`);
    }
  }
  for (const entry of settings.expected) {
    if (wanted.has(entry.name)) continue;
    // The address of its line does not matter: acceptance is by name, and the pod connects to us when it comes.
    wanted.add(entry.name);
    if (known.has(entry.name)) continue;
    add.push(entry);
    reasons.push(`${entry.name} is expected`);
  }
  const remove = actual.entries.filter(
    ({ name, variable }) => variable === undefined && !wanted.has(name) && !settings.keep.has(name),
  );
  reasons.push(...remove.map((entry) => `${entry.name} is gone`));
  return { kind: 'changes', changes: { create: !actual.exists, add, update, remove }, reasons };
}

const anywhere: ReadonlySet<string> = new Set(['', '*', '0.0.0.0', '::']);

/** An address that means all addresses, such as 0.0.0.0: HAProxy can listen there, but no peer can connect to it. */
function mayBeLocal({ variable, address }: PeerEntry): boolean {
  return variable === 'unset' && anywhere.has(address);
}

interface Hold {
  readonly code: HoldCode;
  readonly reasons: readonly string[];
}

function holdOf(
  desired: Membership,
  actual: PeersSection,
  self: Self,
  settings: PlanSettings,
): Hold | null {
  if (!desired.synced) {
    const reasons = ['the members are not known yet', ...desired.notes];
    return { code: 'members-unknown', reasons };
  }
  if (!desired.members.some((member) => member.name === self.name)) {
    const reasons = [
      `the members do not include this pod (${self.name}), so the list cannot be trusted: does the selector match its labels?`,
      ...desired.notes,
    ];
    return { code: 'self-missing', reasons };
  }
  if (settings.tls === true && actual.encrypted !== true) {
    const reason = `section ${actual.name} does not ask for certificates although --peers-tls is on: give init --peers-tls too, which writes it`;
    return { code: 'section-unencrypted', reasons: [reason] };
  }
  if (actual.style === 'server' && !actual.entries.some((entry) => entry.name === self.name)) {
    const reason = `section ${actual.name} has bind and server lines but no "server ${self.name}": add it to the template`;
    return { code: 'section-style', reasons: [reason] };
  }
  const ownLine = actual.entries.find(mayBeLocal);
  if (ownLine !== undefined && !actual.entries.some((entry) => entry.name === self.name)) {
    const reason = `the line of ${ownLine.name} can only be this pod's own, and its variable is not set here: give the sidecar the same env as HAProxy, or write ${self.name}`;
    return { code: 'own-name-unknown', reasons: [reason] };
  }
  const named = desired.members.some(({ name }) => name === actual.lesson?.name);
  if (named) {
    const reason = `a replica is called ${actual.lesson?.name}, as the line for lessons of section ${actual.name} is: rename it, or take the line away with init`;
    return { code: 'section-unmodelled', reasons: [reason] };
  }
  if (actual.obstacles.length === 0) return null;
  return { code: 'section-unmodelled', reasons: actual.obstacles };
}
