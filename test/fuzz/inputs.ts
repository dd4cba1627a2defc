import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';

/** Any text: ASCII, any character, bytes that are none, and what parsers trip over. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '\0',
    '\r',
    '\n',
    '\r\n',
    '\t',
    '"',
    "'",
    '\\',
    '#',
    '$',
    '${',
    '}',
    '__proto__',
  ),
);

/** A text with some of its pieces left out, doubled, cut or replaced. */
export function damaged(texts: readonly string[]): fc.Arbitrary<string> {
  const damage = fc.record({ at: fc.nat(), length: fc.nat({ max: 60 }), by: fc.option(anyText) });
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(damage, { maxLength: 6 }))
    .map(([text, damages]) =>
      damages.reduce((rest, { at, length, by }) => {
        const from = rest.length === 0 ? 0 : at % rest.length;
        const piece = rest.slice(from, from + length);
        return rest.slice(0, from) + (by ?? piece + piece) + rest.slice(from + length);
      }, text),
    );
}

/** What HAProxy has said, as the golden tests keep it. */
export function recorded(kind: RegExp): readonly string[] {
  const folder = join(import.meta.dirname, '../golden/show-peers');
  const names = readdirSync(folder).filter((name) => kind.test(name));
  return names.map((name) => readFileSync(join(folder, name), 'utf8'));
}

const word = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'web-1',
    '"b"',
    "'c d'",
    '"$HOSTNAME"',
    '${X-y}',
    '$constructor',
    'a\\ b',
    '10.0.0.1:3000',
  ),
  fc.constantFrom('[fd00::1]:3000', '127.0.0.1:0', ':1024', 'check', 'ssl', 'verify', 'none', '#'),
  anyText.map((text) => text.replaceAll('\n', '')),
);

const keyword = fc.constantFrom(
  ...['global', 'defaults', 'frontend web', 'backend b', 'peers haproxy-peers', 'peers other'],
  ...[
    'program p',
    'userlist u',
    '    peer',
    '    server',
    '\tpeer',
    '    bind',
    '    table',
    'peer',
  ],
  ...[
    '    .if defined(X)',
    '.elif 1',
    '    .else',
    '.endif',
    '    .endif',
    '# comment',
    '    default-server',
    '',
  ],
  ...[
    '    log stderr local0',
    'localpeer',
    '    setenv HOSTNAME',
    '    presetenv X',
    '    unsetenv X',
  ],
);

const line = fc
  .tuple(
    keyword,
    fc.array(word, { maxLength: 4 }),
    fc.constantFrom('\n', '\n', '\n', '\r\n', ' # end\n'),
  )
  .map(([first, words, end]) => [first, ...words].join(' ').trimEnd() + end);

/** Something like haproxy.cfg, mostly with the peers section. */
export const config = fc
  .tuple(
    fc.array(line, { maxLength: 12 }),
    fc.constantFrom('peers haproxy-peers\n', 'peers haproxy-peers\r\n', ''),
    fc.array(line, { maxLength: 12 }),
    fc.constantFrom('', '    peer z 10.0.0.9:3000'),
  )
  .map(([before, header, after, last]) => [...before, header, ...after, last].join(''));

export const name = fc.constantFrom('a', 'b', 'c', 'web-1', 'web-2', 'node.example');

export const entry = fc.record({
  name,
  address: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1'),
  port: fc.constantFrom(3000, 1024),
});
