import { noChanges } from '../model/changes.ts';
import type { Member, Self } from '../model/member.ts';
import type { PeerEntry } from '../model/peers-section.ts';
import { findSection, splitLines, tokenize, type Variables } from './config-text.ts';
import { editPeersSection, readPeersSection } from './peers-text.ts';

export interface MembersInput {
  readonly self: Self;
  /** All members, with or without this pod. */
  readonly members: readonly Member[];
  /** Expected peers, declared if neither a member nor the template has the name. */
  readonly expected?: readonly PeerEntry[];
  readonly sectionName: string;
  readonly port: number;
  readonly env: Variables;
}

/** The peers section with every member. It is created if missing. */
export function withMembers(
  input: MembersInput,
  text: string,
): { text: string; staticPeers: readonly string[] } {
  const { self, members, sectionName, port, env } = input;
  const actual = readPeersSection(text, sectionName, env);
  const wanted = [self, ...members.filter((member) => member.name !== self.name)];
  const names = new Set(wanted.map((member) => member.name));
  const addressless = actual.entries.some(
    (entry) => entry.name === self.name && entry.address === '',
  );
  const entries: PeerEntry[] = wanted
    .filter((member) => !(addressless && member.name === self.name))
    .map(({ name, address }) =>
      name === self.name && binds(text, sectionName)
        ? { name, address: '', port: 0 }
        : { name, address, port },
    );
  const present = new Set(actual.entries.map((entry) => entry.name));
  const expected = (input.expected ?? []).filter((entry) => !names.has(entry.name));
  const changes = {
    ...noChanges,
    create: !actual.exists,
    add: [...entries, ...expected].filter((entry) => !present.has(entry.name)),
    update: entries.filter((entry) => present.has(entry.name)),
  };
  const staticPeers = actual.entries
    .filter((entry) => !names.has(entry.name))
    .map((entry) => entry.name);
  return {
    text: editPeersSection(text, sectionName, changes, env),
    staticPeers,
  };
}

/** Whether the section listens on a `bind` line. Its local server then has no address. */
function binds(text: string, sectionName: string): boolean {
  const lines = splitLines(text);
  const section = findSection(lines, 'peers', sectionName);
  return lines
    .slice((section?.start ?? 0) + 1, section?.end ?? 0)
    .some((line) => tokenize(line)[0]?.text === 'bind');
}
