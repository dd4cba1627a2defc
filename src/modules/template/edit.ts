import type { Edit, Step } from '../../apply/edit.ts';
import type { OwnEntries } from '../../config-text/foreign-lines.ts';
import { readPeersSection } from '../../config-text/peers-text.ts';
import { damages } from '../../config-text/surviving-lines.ts';
import { RemoteError } from '../../errors.ts';
import { carryServers, withoutServers } from '../backends/file/carry-servers.ts';
import { changedByHand } from './by-hand.ts';
import { type PeersWhere, withLivePeers } from './live-peers.ts';

/** The name of the module in edits, requests and the log. */
export const templateOwner = 'template';

export interface TemplateEdit {
  /** What haproxy.cfg may have been made from, rendered without siblings: the one in force first. */
  readonly bases: readonly string[];
  /** What it is to be made from, rendered likewise. */
  readonly next: string;
  readonly where: PeersWhere;
  readonly lacks: Step['lacks'];
}

/** Names that the section has in any of `texts`: their lines are the peers module's. */
function peersOf(texts: readonly string[], { sectionName, env }: PeersWhere): OwnEntries {
  const names = texts.flatMap((text) =>
    readPeersSection(text, sectionName, env).entries.map(({ name }) => name),
  );
  return { keyword: 'peers', section: sectionName, names: new Set(names), env };
}

/** The same lines, and the same peers, however their lines are written. */
function isMade(live: string, target: string, own: OwnEntries, { sectionName, env }: PeersWhere) {
  const peers = (text: string) =>
    readPeersSection(text, sectionName, env)
      .entries.map(({ name, address, port }) => `${name} ${address} ${port}`)
      .toSorted()
      .join();
  return (
    peers(live) === peers(target) &&
    damages(live, target, [own]).length === 0 &&
    damages(target, live, [own]).length === 0
  );
}

const toldAtMost = 5;

function conflict(lines: readonly string[]): RemoteError {
  const more = lines.length > toldAtMost ? `, and ${lines.length - toldAtMost} more` : '';
  return new RemoteError(
    'TEMPLATE_CONFLICT',
    lines.length === 0
      ? 'The template is not what haproxy.cfg was made from, and what that was is not known'
      : `The template has changed, and so has haproxy.cfg, by somebody else: ${lines.slice(0, toldAtMost).join(', ')}${more}`,
    { retryable: false, stage: 'read' },
  );
}

/** haproxy.cfg made from another template: its peers stay, and nobody's change of it is lost. `remaining` throws `TEMPLATE_CONFLICT`. */
export function templateEdit({ bases, next, where, lacks }: TemplateEdit): Edit {
  const [base = next] = bases;

  /** With the peers and servers that other modules have put there. */
  const withLive = (live: string) =>
    carryServers(live, withLivePeers(base, next, live, where), where.env);

  function remaining({ text: live }: { readonly text: string }): Step | null {
    const target = withLive(live);
    const own = peersOf([live, target, ...bases], where);
    if (isMade(live, target, own, where)) return null;
    // Servers of this program are nobody's change, also where the template has no place for them any more.
    const [theirs, after] = [live, target].map((text) => withoutServers(text, where.env));
    const lost = bases.map((each) => changedByHand(each, theirs ?? '', after ?? '', [own]));
    const [first = []] = lost;
    if (lost.every(({ length }) => length > 0)) throw conflict(first);
    return {
      what: { template: 'changed' },
      own: { ...own, names: new Set() },
      whole: true,
      inText: withLive,
      ways: () => [],
      lacks,
    };
  }

  return { owner: templateOwner, remaining };
}
