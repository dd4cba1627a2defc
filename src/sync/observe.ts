import { errorMessage } from '../errors.ts';
import { parseLag } from '../haproxy/peer-lag.ts';
import { parseShowPeers } from '../haproxy/show-peers.ts';
import { parseShowTable } from '../haproxy/show-table.ts';
import { command } from '../haproxy/socket.ts';
import type { PeersState } from '../model/peers-state.ts';
import type { Observed } from '../plan/gate.ts';

/** Asks the running HAProxy for the state of one peers section. No answer is an answer: never throws. */
export async function observePeers(
  adminSocket: string,
  section: string,
  signal: AbortSignal,
): Promise<Observed> {
  try {
    const text = await command(adminSocket, 'show peers;show table', { signal, timeoutMs: 3000 });
    const state = parseShowPeers(text).find((candidate) => candidate.section === section);
    if (state === undefined) return { kind: 'up', state: null };
    const used = new Map(parseShowTable(text).map((table) => [table.name, table.used]));
    const lag = parseLag(text, section, used);
    const peers = state.peers.map((peer) => {
      const { unsent, unconfirmed, updates } = lag.get(peer.name) ?? {};
      return { ...peer, behind: unsent, unconfirmed, updates };
    });
    return { kind: 'up', state: { ...state, peers, entries: entriesOf(state, used) } };
  } catch (error) {
    return { kind: 'down', why: errorMessage(error) };
  }
}

function entriesOf({ tables }: PeersState, used: ReadonlyMap<string, number>): number {
  return tables.reduce((sum, name) => sum + (used.get(name) ?? 0), 0);
}
