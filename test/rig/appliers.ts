import { createServer } from 'node:net';
import type { Applier } from '../../src/apply/applier.ts';
import { createDataplaneApplier, type DataplaneOptions } from '../../src/apply/dataplane.ts';
import type { Owner } from '../../src/dataplane/owner.ts';
import { createLog } from '../../src/log.ts';
import type { SectionOptions } from '../../src/modules/peers/edit.ts';
import { peersSectionOwner } from '../../src/modules/peers/owner.ts';
import { addressOf } from '../helpers/dataplane-address.ts';
import { type PeersApplier, peersApplier } from '../helpers/peers-applier.ts';
import type { DataplaneStand } from './dataplane-stand.ts';
import { sectionName } from './haproxy-stand.ts';

export type SubjectPart = Partial<DataplaneOptions & Omit<SectionOptions, 'sectionName'>>;

/** An applier for a stand, with short times. */
export function dataplaneApplier(
  stand: DataplaneStand,
  { running, env = {}, ...part }: SubjectPart = {},
): PeersApplier {
  const section = { sectionName, env, running };
  return peersApplier(dataplaneConfigurations(stand, section, [], part), section);
}

/** The same for whole configurations, and for more owners than the peers section. */
export function dataplaneConfigurations(
  stand: DataplaneStand,
  section: SectionOptions,
  owners: readonly Owner[],
  part: Partial<DataplaneOptions> = {},
): Applier {
  return createDataplaneApplier({
    address: addressOf(stand.address),
    user: stand.user,
    passwordFile: stand.passwordFile,
    owners: [peersSectionOwner(section), ...owners],
    log: createLog('silent'),
    timeoutMs: 5_000,
    commitTimeoutMs: 20_000,
    retry: { limit: 3, minMs: 20, maxMs: 100 },
    stateDirectory: stand.stateDirectory,
    ...part,
  });
}

/** Calls one `human` makes to add a peer line, in a transaction of its own. Resolves to the commit's status. */
export async function humanAdds(
  stand: DataplaneStand,
  {
    name,
    address,
    port,
  }: { readonly name: string; readonly address: string; readonly port: number },
): Promise<number> {
  const transaction = await humanBegins(stand);
  const query = `peer_section=${sectionName}&transaction_id=${transaction}`;
  await stand.human('POST', `/configuration/peer_entries?${query}`, { name, address, port });
  return (await stand.human('PUT', `/transactions/${transaction}?force_reload=true`)).status;
}

/** The id of a transaction that somebody else has begun. */
export async function humanBegins(stand: DataplaneStand): Promise<string> {
  const { text } = await stand.human('GET', '/configuration/version');
  const begun = await stand.human('POST', `/transactions?version=${text.trim()}`);
  const id = /"id":"([^"]+)"/.exec(begun.text)?.[1];
  if (id === undefined) throw new Error(`no transaction: ${begun.text}`);
  return id;
}

/** The peer lines as the API sees them: names to `address:port`. */
export async function humanSees(stand: DataplaneStand): Promise<Record<string, string>> {
  const { json } = await stand.human(
    'GET',
    `/configuration/peer_entries?peer_section=${sectionName}`,
  );
  const lines: unknown[] = Array.isArray(json) ? json : [];
  return Object.fromEntries(
    lines.map((line) => {
      const { name, address, port } = Object(line);
      return [String(name), `${address}:${port}`];
    }),
  );
}

/** Occupies a port so that a reload which binds it fails for real. */
export async function occupied(): Promise<{ port: number; free: () => Promise<unknown> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, free: () => new Promise((resolve) => server.close(resolve)) };
}

/** Somebody commits a bind that cannot be bound, and what `more` does; returns the commit's status. */
export async function humanBreaks(
  on: DataplaneStand,
  port: number,
  more: (transaction: string) => Promise<unknown> = async () => {},
): Promise<number> {
  const transaction = await humanBegins(on);
  await more(transaction);
  const path =
    on.version === 'v3'
      ? `/configuration/frontends/web/binds?transaction_id=${transaction}`
      : `/configuration/binds?frontend=web&transaction_id=${transaction}`;
  await on.human('POST', path, { name: 'bad', address: '127.0.0.1', port });
  return (await on.human('PUT', `/transactions/${transaction}?force_reload=true`)).status;
}
