import { isIP } from 'node:net';
import { formatEndpoint } from '../../../config-text/address.ts';
import { isHaproxyName, quoted } from '../../../model/names.ts';
import { isOwnId } from '../endpoints/server-id.ts';
import type { WantedServer } from '../server.ts';

/** A word of haproxy.cfg so that HAProxy reads it as this word and nothing else (configuration manual 2.2). */
export function configWord(word: string): string {
  return word === '' ? "''" : word.replaceAll(/[\s\\#"']/g, '\\$&');
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

/**
 * Why a server cannot be a line of haproxy.cfg; undefined: it can. HAProxy takes an address that is none for a name, which it
 * never resolves, so it is checked here (2.6 to 3.4).
 */
export function serverProblem({
  name,
  id,
  address,
  port,
  weight,
}: WantedServer): string | undefined {
  if (!isHaproxyName(name)) return `${quoted(name)} cannot be the name of a server`;
  if (isIP(address) === 0 || address.includes('%'))
    return `${quoted(address)} of server ${name} is no IP address`;
  if (!isWhole(port, 1, 65_535)) return `${port} of server ${name} is no port`;
  if (!isWhole(weight, 0, 256)) return `${weight} of server ${name} is no weight`;
  return isOwnId(name, id) ? undefined : `${id} is not the id of server ${name}`;
}

/**
 * The words of a line. A server that drains has weight 0 here, too, because a reload forgets what it was told at run time. The
 * keyword `enabled` is never written (haproxy#2497).
 */
export function serverWords(server: WantedServer, params: readonly string[]): readonly string[] {
  const { name, id, state } = server;
  const weight = state === 'drain' ? 0 : server.weight;
  const own = ['id', String(id), 'weight', String(weight)];
  const rest = state === 'maint' ? [...params, 'disabled'] : params;
  return ['server', name, formatEndpoint(server), ...own, ...rest];
}
