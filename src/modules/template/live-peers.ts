import type { Variables } from '../../config-text/config-text.ts';
import { editPeersSection, readPeersSection } from '../../config-text/peers-text.ts';
import { noChanges } from '../../model/changes.ts';
import type { PeerEntry } from '../../model/peers-section.ts';

export interface PeersWhere {
  readonly sectionName: string;
  readonly selfName: string;
  readonly env: Variables;
}

/**
 * `next` with the peers that `live` has: none is removed, and none gets another address but one whose line in the template
 * is another one than in `base`. All three are texts of haproxy.cfg, two of them without the siblings.
 */
export function withLivePeers(base: string, next: string, live: string, where: PeersWhere): string {
  const { sectionName, selfName, env } = where;
  const entriesOf = (text: string) => {
    const { entries } = readPeersSection(text, sectionName, env);
    return new Map(entries.map((entry) => [entry.name, entry]));
  };
  const [before, rendered] = [entriesOf(base), entriesOf(next)];
  const others = [...entriesOf(live).values()].filter(
    ({ name, variable }) => name !== selfName && variable === undefined,
  );
  const isTheTemplates = ({ name }: PeerEntry) => {
    const now = rendered.get(name);
    return now !== undefined && !sameEndpoint(now, before.get(name));
  };
  const changes = {
    ...noChanges,
    add: others.filter(({ name }) => !rendered.has(name)),
    update: others.filter((entry) => rendered.has(entry.name) && !isTheTemplates(entry)),
  };
  return editPeersSection(next, sectionName, changes, env);
}

function sameEndpoint(one: PeerEntry, other: PeerEntry | undefined): boolean {
  return one.address === other?.address && one.port === other.port;
}
