import { describe, expect, it } from 'vitest';
import type { Version } from '../../../../../src/model/program-version.ts';
import { addWords, refusesServers } from '../../../../../src/modules/backends/file/add-words.ts';
import { parseServerWords } from '../../../../../src/modules/backends/file/server-words.ts';

const newest: Version = [3, 4, 0];

function wordsOf(line: string, version = newest) {
  const { words, unknown } = parseServerWords(line.split(' ').filter((word) => word !== ''));
  expect(unknown).toBeNull();
  return addWords(words, version);
}

describe('words of add server', () => {
  it.each([
    ['check inter 1s inter 2s', 'check inter 2s'],
    ['check no-check', ''],
    ['no-check check', 'check'],
    ['ssl verify none no-ssl', 'verify none'],
    ['send-proxy send-proxy-v2 no-send-proxy', 'send-proxy-v2'],
    ['no-tls-tickets tls-tickets no-ssl-reuse', 'no-ssl-reuse'],
    ['non-stick stick disabled enabled', ''],
    ['source 10.0.0.1 usesrc client source 10.0.0.2', 'source 10.0.0.2'],
    ['resolvers dns init-addr none,last resolve-prefer ipv4 check', 'check'],
    ['weight 7 cookie check check', 'cookie check check'],
  ])('are what is in force: %s', (line, wanted) => {
    expect(wordsOf(line)).toEqual({ words: wanted.split(' ').filter(Boolean), refused: [] });
  });

  it.each([
    ['non-stick', newest, /"non-stick"/],
    ['check disabled', newest, /"disabled" of default-server/],
    ['cookie x', [2, 6, 12], /HAProxy 2.6.12 does not take "cookie"/],
    ['init-state up', [3, 0, 11], /"init-state"/],
    ['set-proxy-v2-tlv-fmt(0x20) x', [2, 6, 12], /"set-proxy-v2-tlv-fmt/],
    ['socks4 10.0.0.1:1080', newest, /"socks4"/],
  ] as const)('leave out what a version refuses, and say it: %s', (line, version, why) => {
    const { refused } = wordsOf(line, version);
    expect(refused).toEqual([expect.stringMatching(why)]);
  });

  it('end at what is not known', () => {
    expect(parseServerWords(['check', 'future', '3', 'inter', '1s'])).toEqual({
      words: [{ keyword: 'check', values: [] }],
      unknown: 'future',
    });
    expect(parseServerWords(['check', 'inter']).unknown).toBe('inter');
  });
});

it.each([
  ['static-rr', null, /static-rr/],
  ['source', null, /hash-type consistent/],
  ['source', 'map-based', /hash-type consistent/],
  ['hdr(x)', null, /hash-type consistent/],
  ['uri', 'consistent', null],
  ['roundrobin', null, null],
  ['leastconn', null, null],
  [null, 'map-based', null],
])('balance %s with hash-type %s', (balance, hashType, why) => {
  const answer = refusesServers({ balance, hashType });
  if (why === null) expect(answer).toBeNull();
  else expect(answer).toMatch(why);
});
