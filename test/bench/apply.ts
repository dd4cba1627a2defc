import type { CallInfo } from '../../src/dataplane/http.ts';
import { noChanges, type PeersChanges } from '../../src/model/changes.ts';
import type { PeerEntry } from '../../src/model/peers-section.ts';
import { programs } from '../helpers/programs.ts';
import { dataplaneApplier, humanBegins } from '../rig/appliers.ts';
import { type DataplaneStand, startDataplane } from '../rig/dataplane-stand.ts';
import { sectionName } from '../rig/haproxy-stand.ts';

/**
 * Calls and milliseconds of one change, by number of siblings: `node test/bench/apply.ts`. The baseline of the
 * same run is the way of the tool we replace: version, begin, list, every sibling written again, commit.
 */
const siblingCounts = [3, 100, 1000];
const variants = [
  { version: 'v3', dataplane: programs.dataplaneV3, haproxy: programs.haproxy34 },
  { version: 'v2', dataplane: programs.dataplaneV2, haproxy: programs.haproxy30 },
] as const;
const never = new AbortController().signal;

interface Row {
  readonly api: string;
  readonly siblings: number;
  readonly change: string;
  readonly calls: number;
  readonly ms: number;
  readonly 'ms of the commit': number;
}

const rows: Row[] = [];
for (const { version, dataplane, haproxy } of variants) {
  if (dataplane === undefined || haproxy === undefined) {
    console.log(`${version}: skipped, no such program here`);
    continue;
  }
  for (const siblings of siblingCounts) {
    const peers = entries('p', siblings).map(
      ({ name, address, port }) => `peer ${name} ${address}:${port}`,
    );
    const stand = await startDataplane({
      version,
      dataplane,
      haproxy,
      peers: ['peer a 127.0.0.1:PORT', ...peers],
    });
    try {
      rows.push(...(await ours(stand, siblings)), await naive(stand, siblings));
    } finally {
      await stand.stop();
    }
  }
}
console.table(rows);

async function ours(stand: DataplaneStand, siblings: number): Promise<readonly Row[]> {
  const result: Row[] = [];
  let calls: CallInfo[] = [];
  const applier = dataplaneApplier(stand, { onCall: (info) => calls.push(info) });
  const commitMs = () => calls.find(({ stage }) => stage === 'commit')?.ms ?? 0;

  async function measure(change: string, plan: (known: readonly PeerEntry[]) => PeersChanges) {
    const base = await applier.read(never);
    calls = [];
    const started = performance.now();
    await applier.apply(base, plan(base.entries), never);
    const ms = Math.round(performance.now() - started);
    result.push(row(stand, siblings, change, calls.length, ms, commitMs()));
  }

  await applier.read(never);
  calls = [];
  const started = performance.now();
  await applier.read(never);
  const ms = Math.round(performance.now() - started);
  result.push(row(stand, siblings, 'nothing differs', calls.length, ms, 0));
  await measure('one joins', () => ({ ...noChanges, add: entries('q', 1) }));
  await measure('all are replaced', (known) => ({
    ...noChanges,
    add: entries('r', siblings),
    remove: known.filter(({ name }) => name !== 'a'),
  }));
  return result;
}

async function naive(stand: DataplaneStand, siblings: number): Promise<Row> {
  const started = performance.now();
  // Version and begin.
  const transaction = await humanBegins(stand);
  const query = `peer_section=${sectionName}&transaction_id=${transaction}`;
  await stand.human('GET', `/configuration/peer_entries?${query}`);
  let calls = 3;
  for (const entry of entries('r', siblings)) {
    await stand.human('PUT', `/configuration/peer_entries/${entry.name}?${query}`, entry);
    calls += 1;
  }
  const committing = performance.now();
  const { status } = await stand.human('PUT', `/transactions/${transaction}?force_reload=true`);
  if (status !== 200) throw new Error(`commit answered ${status}`);
  const ended = performance.now();
  const ms = Math.round(ended - started);
  return row(stand, siblings, 'naive, any event', calls + 1, ms, ended - committing);
}

function row(
  { version }: DataplaneStand,
  siblings: number,
  change: string,
  calls: number,
  ms: number,
  commit: number,
): Row {
  return { api: version, siblings, change, calls, ms, 'ms of the commit': Math.round(commit) };
}

function entries(prefix: string, count: number): readonly PeerEntry[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `${prefix}${i}`,
    address: `127.1.${Math.floor(i / 250)}.${(i % 250) + 1}`,
    port: 1001,
  }));
}
