import type { PeersState } from '../model/peers-state.ts';
import { parseLag } from './peer-lag.ts';
import { parseShowPeers } from './show-peers.ts';
import type { TableState } from './show-table.ts';

/** One peers section of the running HAProxy, with what `show peers` and `show table` say of it together. */
export function runningPeers(
  showPeers: string,
  tables: readonly TableState[],
  section: string,
): PeersState | null {
  const state = parseShowPeers(showPeers).find((candidate) => candidate.section === section);
  if (state === undefined) return null;
  const used = new Map(tables.map((table) => [table.name, table.used]));
  const lag = parseLag(showPeers, section, used);
  return {
    ...state,
    peers: state.peers.map((peer) => ({ ...peer, ...lag.get(peer.name) })),
    entries: state.tables.reduce((sum, name) => sum + (used.get(name) ?? 0), 0),
  };
}
