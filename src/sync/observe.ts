import { errorMessage } from '../errors.ts';
import { parseLag } from '../haproxy/peer-lag.ts';
import { parseShowPeers } from '../haproxy/show-peers.ts';
import { command } from '../haproxy/socket.ts';
import type { Observed } from '../plan/gate.ts';

/** Asks the running HAProxy for the state of one peers section. No answer is an answer: never throws. */
export async function observePeers(
  adminSocket: string,
  section: string,
  signal: AbortSignal,
): Promise<Observed> {
  try {
    const text = await command(adminSocket, 'show peers', { signal, timeoutMs: 3000 });
    const state = parseShowPeers(text).find((candidate) => candidate.section === section);
    if (state === undefined) return { kind: 'up', state: null };
    const lag = parseLag(text, section);
    const peers = state.peers.map((peer) => ({ ...peer, behind: lag.get(peer.name) }));
    return { kind: 'up', state: { ...state, peers } };
  } catch (error) {
    return { kind: 'down', why: errorMessage(error) };
  }
}
