import type { Config } from '../../config/values.ts';
import { sumsSection } from '../../config-text/sums-section.ts';
import { showProc } from '../../haproxy/master.ts';
import { parseShowPeers } from '../../haproxy/show-peers.ts';
import { parseShowTable } from '../../haproxy/show-table.ts';
import { command } from '../../haproxy/socket.ts';
import type { Facts } from '../facts.ts';
import { answerMs } from './looked.ts';

/** HAProxy's state from its admin socket. */
export async function lookAtHaproxy({ adminSocket, peersSection }: Config, signal: AbortSignal) {
  const ask = (line: string) => command(adminSocket, line, { timeoutMs: answerMs, signal });
  const [info, level, peers, tables] = await Promise.all([
    ask('show info'),
    ask('show cli level'),
    ask('show peers'),
    ask('show table'),
  ]);
  const sections = parseShowPeers(peers);
  return {
    version: /^Version: (\S+)/m.exec(info)?.[1] ?? 'unknown',
    level: level.trim(),
    peers: sections.find(({ section }) => section === peersSection) ?? null,
    sums: sections.find(({ section }) => section === sumsSection)?.resync ?? null,
    tables: parseShowTable(tables),
  };
}

/** How many failed reloads the master has counted. */
export async function lookAtMaster({ masterSocket }: Config, signal: AbortSignal) {
  const processes = await showProc(masterSocket, { timeoutMs: answerMs, signal });
  const found = processes.find(({ kind }) => kind === 'master');
  if (found === undefined) throw new Error(`${masterSocket} is no master socket`);
  return { failedReloads: found.failed };
}

/** Peers that this one has a live session with, as `NAME ADDR:PORT`. */
export function connectedOf(admin: Facts['admin'], ownName: string): ReadonlySet<string> {
  const state = admin.ok ? admin.value.peers : null;
  if (state?.localName !== ownName) return new Set();
  const connected = state.peers.filter(({ established }) => established);
  return new Set(connected.map(({ name, address }) => `${name} ${address}`));
}
