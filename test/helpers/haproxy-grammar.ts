import fc from 'fast-check';

/** Lines that HAProxy 2.6 to 3.4 take, by section; `N` becomes a number that no other section has. */
const lines = {
  global: [
    'maxconn 200',
    'tune.bufsize 32768',
    'log 127.0.0.1:514 local0 notice',
    'spread-checks 3',
    'setenv HPS_ONE "a b"',
    'presetenv HPS_TWO x',
    'ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets',
    'stats timeout 30s',
    'hard-stop-after 5s',
    'tune.ssl.default-dh-param 2048',
  ],
  defaults: [
    'mode http',
    'timeout connect 1s',
    'timeout client 5s',
    'timeout server 5s',
    'timeout http-request 10s',
    'option httplog',
    'option  dontlognull',
    'option forwardfor except 127.0.0.0/8',
    'no option http-server-close',
    'log global',
    'retries 3',
    'maxconn 100',
    'default-server inter 2s fall 3 rise 2',
    'errorfile 503 /dev/null',
  ],
  frontend: [
    'bind abns@hps-N',
    'bind abns@hps-N-x name x accept-proxy',
    'acl local src 127.0.0.0/8 ::1',
    'acl path path_beg -i /a "/b c" /d\\ e',
    'http-request deny deny_status 403 if { path_beg /admin } !{ src 127.0.0.1 }',
    'http-request deny status 429 if { sc_http_req_rate(0) gt 100 }',
    'http-request set-header X-Forwarded-Proto https if { ssl_fc }',
    'http-request redirect location /x ignore-empty if FALSE',
    'http-response set-header X-A "%[src]"',
    'http-request capture req.hdr(host) len 32',
    'tcp-request connection reject if { src -f /dev/null }',
    'tcp-request inspect-delay 1s',
    'tcp-request content accept if HTTP',
    'capture request header User-Agent len 64',
    'log-format \'%ci:%cp [%tr] %ft "%HM %HU"\'',
    'use_backend sessions if { path /s }',
    'use_backend sessions if { hdr(host) -i a.example b.example }',
    'option httplog',
    'unique-id-format %{+X}o\\ %ci:%cp',
    'default_backend sessions',
    'filter compression',
    'compression algo gzip',
    'compression type text/plain',
    'stats enable',
    'stats uri /stats',
    'monitor-uri /alive',
  ],
  backend: [
    'balance roundrobin',
    'option httpchk',
    'http-check send meth GET uri /health hdr host x',
    'http-check expect status 200-299',
    'server s1 127.0.0.1:81 check inter 1s weight 10',
    'server s2 127.0.0.1:82 backup',
    'server s3 127.0.0.1:83 no-ssl',
    'default-server maxconn 10',
    'server-template t 2 127.0.0.1:84',
    'stick-table type ip size 1k store gpc0 peers haproxy-peers expire 5m',
    'cookie SRV insert indirect nocache',
    'http-request set-var(txn.a) str("x y")',
    'http-response del-header Server',
    'timeout queue 5s',
    'fullconn 100',
    'retry-on conn-failure 503',
  ],
  resolvers: [
    'nameserver d1 127.0.0.1:53',
    'resolve_retries 3',
    'timeout retry 1s',
    'hold valid 10s',
  ],
  mailers: ['timeout mail 20s', 'mailer m1 127.0.0.1:25'],
  cache: ['max-age 60', 'process-vary on'],
  ring: ['format rfc3164', 'maxlen 1200', 'size 32764'],
  'http-errors': ['errorfile 503 /dev/null'],
  userlist: ['user u1 insecure-password "x y"', 'user u2 insecure-password z'],
  'fcgi-app': ['index index.php', 'set-param A %[src] if { path /x }'],
  program: ['option start-on-reload'],
} as const;

/** In the peers section whose entries are ours to change. */
const peersLines = [
  'peer static 192.0.2.9:1024',
  'table t1 type string len 10 size 1k expire 5m store gpc0,http_req_rate(10s)',
  'table t2 type ip size 1k',
  'table t3 type string size 1k srvkey addr store server_id',
  'log 127.0.0.1:514 local0',
  'peer other 192.0.2.10:1024 # of another site',
];

/** Without it HAProxy refuses the section. */
const required: Readonly<Record<string, string>> = {
  cache: '  total-max-size 4\n',
  'fcgi-app': '  docroot /var/www\n',
  program: '  command /bin/sleep 1000\n',
};

type Keyword = keyof typeof lines;
const keywords: readonly Keyword[] = [
  'defaults',
  'frontend',
  'backend',
  'resolvers',
  'mailers',
  'cache',
  'ring',
  'http-errors',
  'userlist',
  'fcgi-app',
  'program',
];

const quiet = Array.from({ length: 12 }, () => '');
const noise = fc.constantFrom(
  ...quiet,
  '  # a comment',
  '# at the margin',
  '\t# behind a tab',
  '\n',
);

/** The same line as people write it. */
const spaced = (line: string) =>
  fc
    .record({
      indent: fc.constantFrom('  ', '    ', '\t', ' '),
      between: fc.constantFrom(' ', ' ', '  ', '\t'),
      end: fc.constantFrom('', '', ' ', ' # why', '\r'),
      before: noise,
    })
    .map(({ indent, between, end, before }) => {
      // Not within quotes or behind a backslash.
      const wide = /["'\\]/.test(line) ? line : line.replaceAll(' ', between);
      return `${before === '' ? '' : `${before}\n`}${indent}${wide}${end}\n`;
    });

function body(from: readonly string[]): fc.Arbitrary<string> {
  return fc
    .shuffledSubarray([...from])
    .chain((chosen) => fc.tuple(...chosen.map(spaced)))
    .map((all) => all.join(''));
}

const block = fc.constantFrom(
  '',
  '',
  '',
  '',
  '',
  '',
  '.if defined(HPS_NEVER)\n  maxconn 10\n.endif\n',
);

/** The sections behind the ones that a stand needs, in the order of the file. */
const sections = (keywords: readonly Keyword[]) =>
  fc
    .array(
      fc
        .constantFrom(...keywords)
        .chain((keyword) =>
          fc.record({ keyword: fc.constant(keyword), text: body(lines[keyword]), block }),
        ),
      { maxLength: 6 },
    )
    .map((all) =>
      all
        .map(({ keyword, text, block }, index) => {
          const name =
            keyword === 'defaults' && index % 2 === 0 ? '' : ` ${keyword.charAt(0)}${index}`;
          const guarded = /^(frontend|backend)$/.test(keyword) ? block : '';
          return `${keyword}${name}\n${required[keyword] ?? ''}${text.replaceAll('hps-N', `hps-${index}`)}${guarded}`;
        })
        .join('\n'),
    );

export interface RandomConfig {
  readonly global: string;
  readonly peers: string;
  readonly rest: string;
  /** How many peers are to be added: few are added line by line, many with the whole section. */
  readonly add: number;
}

/** `programs`: HAProxy knows the section of that name, which is gone from 3.3 on. */
export function randomConfig(programs: boolean): fc.Arbitrary<RandomConfig> {
  return fc.record({
    global: body(lines.global),
    peers: body(peersLines),
    rest: sections(keywords.filter((keyword) => programs || keyword !== 'program')),
    add: fc.constantFrom(1, 6),
  });
}
