import { errorMessage } from '../errors.ts';
import { runningPeers } from '../haproxy/running-peers.ts';
import { parseShowTable } from '../haproxy/show-table.ts';
import { command } from '../haproxy/socket.ts';
import { parseWorker } from '../haproxy/worker.ts';
import type { Observed } from '../model/observed.ts';

/** Asks the running HAProxy for the state of one peers section. A missing answer is a result, too: never throws. */
export async function observePeers(
  adminSocket: string,
  section: string,
  signal: AbortSignal,
): Promise<Observed> {
  try {
    const line = 'show info;show peers;show table';
    const text = await command(adminSocket, line, { signal, timeoutMs: 3000 });
    const state = runningPeers(text, parseShowTable(text), section);
    return { kind: 'up', state, worker: parseWorker(text) };
  } catch (error) {
    return { kind: 'down', why: errorMessage(error) };
  }
}
