import { errorMessage } from '../errors.ts';
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
    return { kind: 'up', state: state ?? null };
  } catch (error) {
    return { kind: 'down', why: errorMessage(error) };
  }
}
