/** A keyword of a `server` or `default-server` line with what follows it. */
export interface ServerWord {
  readonly keyword: string;
  readonly values: readonly string[];
}

/** How many words follow a keyword (configuration manual 5.2, 2.6 to 3.4); `source` may have more. */
const alone = [
  ...['agent-check', 'allow-0rtt', 'backup', 'check', 'check-reuse-pool', 'check-send-proxy'],
  ...['check-sni-auto', 'check-ssl', 'check-via-socks4', 'disabled', 'enabled', 'force-sslv3'],
  ...['force-tlsv10', 'force-tlsv11', 'force-tlsv12', 'force-tlsv13', 'no-agent-check'],
  ...['no-backup', 'no-check', 'no-check-reuse-pool', 'no-check-send-proxy', 'no-check-sni-auto'],
  ...['no-check-ssl', 'no-renegotiate', 'no-send-proxy', 'no-send-proxy-v2'],
  ...['no-send-proxy-v2-ssl', 'no-send-proxy-v2-ssl-cn', 'no-sni-auto', 'no-ssl', 'no-ssl-reuse'],
  ...['no-sslv3', 'no-tfo', 'no-tls-tickets', 'no-tlsv10', 'no-tlsv11', 'no-tlsv12', 'no-tlsv13'],
  ...['non-stick', 'renegotiate', 'send-proxy', 'send-proxy-v2', 'send-proxy-v2-ssl'],
  ...['send-proxy-v2-ssl-cn', 'sni-auto', 'ssl', 'ssl-reuse', 'stick', 'strict-maxconn', 'tfo'],
  'tls-tickets',
];
const withOne = [
  ...['addr', 'agent-addr', 'agent-inter', 'agent-port', 'agent-send', 'alpn', 'ca-file', 'cc'],
  ...['check-alpn', 'check-pool-conn-name', 'check-proto', 'check-sni', 'ciphers'],
  ...['ciphersuites', 'client-sigalgs', 'cookie', 'crl-file', 'crt', 'curves', 'downinter'],
  ...['error-limit', 'fall', 'fastinter', 'guid', 'hash-key', 'healthcheck', 'id', 'idle-ping'],
  ...['init-addr', 'init-state', 'inter', 'log-bufsize', 'log-proto', 'max-reuse', 'maxconn'],
  ...['maxqueue', 'minconn', 'namespace', 'npn', 'observe', 'on-error', 'on-marked-down'],
  ...['on-marked-up', 'pool-conn-name', 'pool-low-conn', 'pool-max-conn', 'pool-purge-delay'],
  ...['port', 'proto', 'proxy-v2-options', 'redir', 'resolve-net', 'resolve-opts'],
  ...['resolve-prefer', 'resolvers', 'rise', 'shard', 'sigalgs', 'slowstart', 'sni', 'socks4'],
  ...['source', 'ssl-max-ver', 'ssl-min-ver', 'tcp-md5sig', 'tcp-ut', 'track', 'verify'],
  ...['verifyhost', 'weight', 'ws'],
];

const following: ReadonlyMap<string, number> = new Map([
  ...alone.map((keyword) => [keyword, 0] as const),
  ...withOne.map((keyword) => [keyword, 1] as const),
]);

/** Of `source ADDRESS`, each with one word behind it. */
const ofSource: ReadonlySet<string | undefined> = new Set(['usesrc', 'interface']);

function followingOf(words: readonly string[], at: number): number | undefined {
  const keyword = words[at] ?? '';
  if (/^set-proxy-v2-tlv-fmt\(.*\)$/.test(keyword)) return 1;
  if (keyword !== 'source') return following.get(keyword);
  let count = 1;
  while (ofSource.has(words[at + 1 + count])) count += 2;
  return count;
}

/** Words of a line as keywords with their values. `unknown`: the first word that is none, whose end is not known. */
export function parseServerWords(words: readonly string[]): {
  readonly words: readonly ServerWord[];
  readonly unknown: string | null;
} {
  const found: ServerWord[] = [];
  for (let at = 0; at < words.length; ) {
    const keyword = words[at] ?? '';
    const count = followingOf(words, at);
    if (count === undefined || at + count >= words.length)
      return { words: found, unknown: keyword };
    found.push({ keyword, values: words.slice(at + 1, at + 1 + count) });
    at += 1 + count;
  }
  return { words: found, unknown: null };
}

/** What takes back a keyword of an earlier line; it says nothing where there was none. */
const takesBack: ReadonlyMap<string, string> = new Map([
  ...[
    ...['agent-check', 'backup', 'check', 'check-reuse-pool', 'check-send-proxy', 'check-ssl'],
    ...['renegotiate', 'send-proxy', 'send-proxy-v2', 'send-proxy-v2-ssl'],
    ...['send-proxy-v2-ssl-cn', 'ssl', 'tfo'],
  ].map((keyword) => [`no-${keyword}`, keyword] as const),
  ...['check-sni-auto', 'sni-auto', 'ssl-reuse', 'tls-tickets'].map(
    (keyword) => [keyword, `no-${keyword}`] as const,
  ),
  ['stick', 'non-stick'],
  ['enabled', 'disabled'],
]);

/** What is in force of words of several lines: the last of each says it. */
export function inForce(words: readonly ServerWord[]): readonly ServerWord[] {
  const last = new Map<string, ServerWord>();
  for (const word of words) {
    const field = takesBack.get(word.keyword) ?? word.keyword;
    last.delete(field);
    if (!takesBack.has(word.keyword)) last.set(field, word);
  }
  return [...last.values()];
}
