import { describe, expect, it } from 'vitest';
import { apiObstacles, apiUnmodelled, lossyLines } from '../../../src/config-text/api-model.ts';
import { splitLines, tokenize } from '../../../src/config-text/config-text.ts';
import {
  configVersion,
  editPeersSection,
  readPeersSection,
} from '../../../src/config-text/peers-text.ts';
import { noChanges, type PeersChanges } from '../../../src/model/changes.ts';
import { entry } from '../../helpers/members.ts';

const env = { HOSTNAME: 'a', POD_NAME: 'a' };

function edit(text: string, part: Partial<PeersChanges>): string {
  return editPeersSection(text, 'p', { ...noChanges, ...part }, env);
}

describe('tokenize', () => {
  it.each([
    ['  peer a 10.0.0.1:3000 # me', ['peer', 'a', '10.0.0.1:3000']],
    ['peer "$HOSTNAME" x', ['peer', 'a', 'x']],
    ['peer "${POD_NAME}" x', ['peer', 'a', 'x']],
    ['peer "${NOPE-b}" x', ['peer', 'b', 'x']],
    ["peer '$HOSTNAME' x", ['peer', '$HOSTNAME', 'x']],
    ['peer $HOSTNAME x', ['peer', '$HOSTNAME', 'x']],
    ['a\\ b "c \\" d" e\\#f', ['a b', 'c " d', 'e#f']],
    // The answers of HAProxy 2.6 and 3.4 themselves: see the integration test.
    ['"a\\$HOSTNAME" b\\$HOSTNAME', ['a$HOSTNAME', 'b\\$HOSTNAME']],
    ['a\\qb "c\\qd" \\x41 e\\tf', ['a\\qb', 'c\\qd', 'A', 'e\tf']],
    ['# nothing', []],
    ['', []],
  ])('reads %j as HAProxy does', (line, words) => {
    expect(tokenize(line, env).map(({ text }) => text)).toEqual(words);
  });

  it.each(["server a '\n", 'server a "\r\n', 'server a b\\\n'])(
    'ends with the line: %j',
    (line) => {
      const words = tokenize(line);
      expect(words.at(-1)?.end).toBe(line.trimEnd().length);
    },
  );

  it('loses no byte of the lines', () => {
    for (const text of ['', 'a', 'a\n', 'a\r\nb', '\n\n'])
      expect(splitLines(text).join('')).toBe(text);
  });
});

describe('readPeersSection', () => {
  it('reads names, addresses of both families, and the own variable', () => {
    const text =
      'peers p\n  peer "$HOSTNAME" 0.0.0.0:3000\n  peer b fd00::1:3001\n  peer c [fd00::2]:3002 shard 1\n';

    expect(readPeersSection(text, 'p', env, '7')).toEqual({
      name: 'p',
      exists: true,
      style: 'peer',
      version: '7',
      obstacles: [],
      entries: [
        { name: 'a', address: '0.0.0.0', port: 3000, writtenName: '"$HOSTNAME"', variable: 'set' },
        { name: 'b', address: 'fd00::1', port: 3001 },
        { name: 'c', address: 'fd00::2', port: 3002 },
      ],
    });
  });

  it('reads the bind and server style with its addressless local server', () => {
    const text =
      'peers p\n  bind 10.0.0.1:3000 ssl crt x\n  server a\n  server b 10.0.0.2:3000 ssl\n';

    expect(readPeersSection(text, 'p')).toMatchObject({
      style: 'server',
      entries: [{ name: 'a', address: '', port: 0 }, entry('b')],
    });
  });

  it('tells a missing section from an empty one, and ignores others', () => {
    expect(readPeersSection('peers q\n  peer b 1.1.1.1:1\n', 'p')).toMatchObject({
      exists: false,
      entries: [],
    });
    expect(readPeersSection('peers p\n\nbackend peer\n', 'p')).toMatchObject({
      exists: true,
      entries: [],
    });
  });
});

describe('editPeersSection', () => {
  const before =
    'global\n\n# ours\npeers p # note\n\tpeer a 10.0.0.1:3000\n\t# b is old\n\tpeer b 10.0.0.22:3000 # b\n\tpeer gone 10.0.9.9:3000\n\nbackend x\n  server b 1.2.3.4:80\n';

  it('changes the lines of those entries and not one byte else', () => {
    const after = edit(before, {
      add: [entry('c')],
      update: [entry('b')],
      remove: [entry('gone')],
    });

    expect(after).toBe(
      'global\n\n# ours\npeers p # note\n\tpeer a 10.0.0.1:3000\n\t# b is old\n\tpeer b 10.0.0.2:3000 # b\n\tpeer c 10.0.0.3:3000\n\nbackend x\n  server b 1.2.3.4:80\n',
    );
    expect(edit(after, { add: [entry('c')], update: [entry('b')], remove: [entry('gone')] })).toBe(
      after,
    );
  });

  it('keeps CRLF, and a missing end of the last line', () => {
    expect(edit('peers p\r\n  peer a 10.0.0.1:3000', { add: [entry('b')] })).toBe(
      'peers p\r\n  peer a 10.0.0.1:3000\r\n  peer b 10.0.0.2:3000\r\n',
    );
  });

  it.each([
    [
      'what all siblings say',
      ['ssl ca-file x verify required', 'ssl ca-file x verify required'],
      ' ssl ca-file x verify required',
    ],
    [
      'the same, without shard and id',
      ['ssl shard 2 verify required id 7'],
      ' ssl verify required',
    ],
    ['nothing that only one sibling says', ['ssl verify required', ''], ''],
    ['no "verify none"', ['ssl verify none', 'ssl verify none'], ''],
    ['no "no-ssl"', ['no-ssl'], ''],
    ['nothing that one peer was excepted with', ['', 'no-ssl verify none'], ''],
    ['no parameter that is not known to protect', ['ssl force-tlsv10 verify required'], ''],
    ['no option of another kind', ['send-proxy'], ''],
  ])('gives a new server %s', (_title, siblings, parameters) => {
    const lines = siblings.map((rest, i) => `  server s${i} 10.0.1.${i}:3000 ${rest}\n`);
    const text = `peers p\n  bind :3000 ssl crt x\n  server a\n${lines.join('')}`;

    expect(edit(text, { add: [entry('c')] })).toBe(
      `${text}  server c 10.0.0.3:3000${parameters}\n`,
    );
  });

  it('adds a local server without an address', () => {
    const local = { name: 'a', address: '', port: 0 };

    expect(edit('peers p\n  bind :3000 ssl crt x\n', { add: [local] })).toBe(
      'peers p\n  bind :3000 ssl crt x\n    server a\n',
    );
  });

  it('fills an empty section and creates a missing one only when asked', () => {
    expect(edit('peers p\nbackend x\n', { add: [entry('a')] })).toBe(
      'peers p\n    peer a 10.0.0.1:3000\nbackend x\n',
    );
    expect(edit('global', { add: [entry('a')] })).toBe('global');
    expect(edit('global', { create: true, add: [entry('a')] })).toBe(
      'global\n\npeers p\n    peer a 10.0.0.1:3000\n',
    );
  });

  it('removes every line', () => {
    expect(edit('peers p\n  peer b 10.0.0.2:3000', { remove: [entry('b')] })).toBe('peers p\n');
  });
});

describe('what the Data Plane API would lose', () => {
  it('finds parameters of peer lines and a default-server above them', () => {
    const text =
      'peers p\n  default-server ssl\n  peer a 1.1.1.1:1 shard 1\n  peer b 1.1.1.2:1 ssl verify none\n';

    expect(apiObstacles(text, 'p')).toHaveLength(2);
    expect(apiObstacles(text, 'p')[0]).toContain('"ssl verify none" of peer b');
    expect(apiObstacles('peers p\n  bind :1\n  default-server ssl\n  server a\n', 'p')).toEqual([]);
  });

  it('finds lines that only a replacement of the section would lose', () => {
    const text =
      'peers p\n  # mine\n  bind :1\n  server a\n  server b 1.1.1.1:1\n  table t type ipv6 size 1k\n  table u type ip size 1k brates-factor 2\n  table v type ip size 1k\n  server c 1.1.1.2:1 # c\n  frobnicate\n';

    expect(apiUnmodelled(text, 'p')).toEqual([
      '# mine',
      'server a',
      'table t type ipv6 size 1k',
      'table u type ip size 1k brates-factor 2',
      'server c 1.1.1.2:1 # c',
      'frobnicate',
    ]);
  });

  it('finds a second store of a stick-table', () => {
    expect(
      lossyLines('backend x\n  stick-table type ip size 1k store gpc0 store gpc1\n'),
    ).toHaveLength(1);
    expect(lossyLines('backend x\n  stick-table type ip size 1k store gpc0,gpc1\n')).toEqual([]);
  });

  it('reads the version of the configuration', () => {
    expect(configVersion('# _md5hash=1\n# _version=12\nglobal\n')).toBe(12);
    expect(configVersion('global\n')).toBeUndefined();
  });
});
