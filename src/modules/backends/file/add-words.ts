import { atLeast, type Version } from '../../../model/program-version.ts';
import { inForce, type ServerWord } from './server-words.ts';

/** What `add server` is given so that the server is like one that haproxy.cfg has. */
export interface AddWords {
  /** Behind the address, one by one, as they are read; id and weight are not among them. */
  readonly words: readonly string[];
  /** Why a server that is added so would be another one than after a reload. Empty: it is the same. */
  readonly refused: readonly string[];
}

/**
 * Keywords that `add server` takes, by the version with which it was seen first: each was tried with 2.6, 3.0 and 3.4
 * (`src/server.c`, `dynamic_ok`). Those of a version between may come with an earlier one.
 */
const taken: readonly (readonly [major: number, minor: number, keywords: readonly string[]])[] = [
  [
    ...([2, 6] as const),
    [
      ...['addr', 'agent-addr', 'agent-check', 'agent-inter', 'agent-port', 'agent-send'],
      ...['allow-0rtt', 'alpn', 'backup', 'ca-file', 'check', 'check-alpn', 'check-proto'],
      ...['check-send-proxy', 'check-sni', 'check-ssl', 'check-via-socks4', 'ciphers'],
      ...['ciphersuites', 'crl-file', 'crt', 'disabled', 'downinter', 'error-limit', 'fall'],
      ...['fastinter', 'force-sslv3', 'force-tlsv10', 'force-tlsv11', 'force-tlsv12'],
      ...['force-tlsv13', 'inter', 'maxconn', 'maxqueue', 'minconn', 'no-ssl-reuse', 'no-sslv3'],
      ...['no-tls-tickets', 'no-tlsv10', 'no-tlsv11', 'no-tlsv12', 'no-tlsv13', 'npn', 'observe'],
      ...['on-error', 'on-marked-down', 'on-marked-up', 'pool-low-conn', 'pool-max-conn'],
      ...['pool-purge-delay', 'port', 'proto', 'proxy-v2-options', 'rise', 'send-proxy'],
      ...['send-proxy-v2', 'send-proxy-v2-ssl', 'send-proxy-v2-ssl-cn', 'slowstart', 'sni'],
      ...['source', 'ssl', 'ssl-max-ver', 'ssl-min-ver', 'tfo', 'track', 'verify', 'verifyhost'],
      'ws',
    ],
  ],
  [
    ...([3, 0] as const),
    ['client-sigalgs', 'cookie', 'curves', 'hash-key', 'pool-conn-name', 'shard', 'sigalgs'],
  ],
  [
    ...([3, 4] as const),
    [
      ...['check-pool-conn-name', 'check-reuse-pool', 'idle-ping', 'init-state'],
      ...['no-check-sni-auto', 'no-sni-auto', 'renegotiate', 'strict-maxconn'],
    ],
  ],
];

/** They say how a name is resolved, and our servers have addresses. */
const onlyForNames: ReadonlySet<string> = new Set([
  ...['init-addr', 'resolve-net', 'resolve-opts', 'resolve-prefer', 'resolvers'],
]);

/** They are written for each server. */
const own: ReadonlySet<string> = new Set(['id', 'weight']);

function isTaken(keyword: string, version: Version): boolean {
  if (keyword.startsWith('set-proxy-v2-tlv-fmt(')) return atLeast(version, 3, 0);
  return taken.some(
    ([major, minor, keywords]) => atLeast(version, major, minor) && keywords.includes(keyword),
  );
}

/**
 * The words that `add server` needs beside address, id and weight: it takes nothing from `default-server` up to 3.4 (management
 * manual, `add server`), and answers the same. `words` are those of all lines, the last of them in force.
 */
export function addWords(words: readonly ServerWord[], version: Version): AddWords {
  const given: string[] = [];
  const refused: string[] = [];
  for (const { keyword, values } of inForce(words)) {
    if (own.has(keyword) || onlyForNames.has(keyword)) continue;
    if (keyword === 'disabled') refused.push('"disabled" of default-server is for all servers');
    else if (!isTaken(keyword, version))
      refused.push(`"add server" of HAProxy ${version.join('.')} does not take "${keyword}"`);
    else given.push(keyword, ...values);
  }
  return { words: given, refused };
}

/** Algorithms that hash, which take servers at run time only with `hash-type consistent`. */
const hashing = /^(source|uri|url_param|hdr\(.*\)|rdp-cookie(\(.*\))?|hash)$/;

/** Why a backend takes no servers at run time, whatever their words; null: it does (2.6, 3.0 and 3.4). */
export function refusesServers({
  balance,
  hashType,
}: {
  readonly balance: string | null;
  readonly hashType: string | null;
}): string | null {
  if (balance === 'static-rr') return '"balance static-rr" takes no server at run time';
  if (balance === null || !hashing.test(balance) || hashType === 'consistent') return null;
  return `"balance ${balance}" takes servers at run time only with "hash-type consistent"`;
}
