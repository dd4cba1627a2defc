import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { examineSums } from '../../../../../src/modules/aggregate/section/examine.ts';
import { describeFault } from '../../../../../src/modules/aggregate/section/fault.ts';
import { randomConfig } from '../../../../helpers/haproxy-grammar.ts';

const whole = `global
    localpeer self

peers haproxy-peers
    bind unix@/run/peers.sock
    server self

peers aggregate
    bind unix@/run/agg.sock mode 600
    server self
    server agg unix@/run/agg.sock

backend agg.epoch
    stick-table type string len 64 size 16 store gpt0 peers aggregate

backend rate
    stick-table type ipv6 size 100k expire 1m store http_req_cnt,http_req_rate(10s) peers aggregate

backend rate.sum
    stick-table type ipv6 size 300k expire 1m store http_req_cnt,http_req_rate(10s) peers aggregate

frontend web
    bind :8080
    http-request track-sc0 src table rate
    http-request deny deny_status 429 if { sc_http_req_rate(0,rate.sum) gt 100 }
`;

const examine = (text: string, suffix = '.sum') => examineSums(text, { suffix });
const faults = (text: string) =>
  examine(text).faults.map((fault) => `${fault.kind}: ${describeFault(fault)}`);

/** The whole one with a part of it replaced, and all that is wrong with that. */
function having(part: string | RegExp, other: string): readonly string[] {
  const text = whole.replace(part, other);
  expect(text).not.toBe(whole);
  return faults(text);
}

const epochs = 'stick-table type string len 64 size 16 store gpt0 peers aggregate';
const sums =
  'stick-table type ipv6 size 300k expire 1m store http_req_cnt,http_req_rate(10s) peers aggregate';
const own =
  'stick-table type ipv6 size 100k expire 1m store http_req_cnt,http_req_rate(10s) peers aggregate';

describe('haproxy.cfg with sums', () => {
  it('is right as the documentation has it', () => {
    const { section, tables } = examine(whole);
    expect(faults(whole)).toEqual([]);
    expect(section?.at).toEqual({ path: '/run/agg.sock' });
    expect(tables).toEqual([{ name: 'rate', targets: ['rate.sum'] }]);
  });

  it('may have the section in the other form, names of variables, and another suffix', () => {
    const text = whole
      .replaceAll('rate.sum', 'rate.agg')
      .replace(
        'bind unix@/run/agg.sock mode 600\n    server self\n    server agg unix@/run/agg.sock',
        `peer "\${HAPROXY_LOCALPEER}" 127.0.0.1:3002\n    peer agg 127.0.0.1:3002`,
      );
    const { section, faults: found } = examine(text, '.agg');
    expect(found).toEqual([]);
    expect(section?.at).toEqual({ host: '127.0.0.1', port: 3002 });
  });

  it('may have tables in the section itself', () => {
    const text = `${whole}
peers aggregate
    table logins type string len 40 size 1k expire 5m store gpc(2),gpc_rate(2,1m)
    table logins.sum type string len 40 size 1k expire 5m store gpc(2),gpc_rate(2,1m)
    table logins.others type string len 40 size 1k expire 5m store gpc(1)
    table logins.max type string len 40 size 1k expire 5m store gpc(2)
`;
    expect(faults(text)).toEqual([]);
    expect(examine(text).tables).toContainEqual({
      name: 'aggregate/logins',
      targets: ['aggregate/logins.sum', 'aggregate/logins.others', 'aggregate/logins.max'],
    });
  });

  it.each([
    ['no section', /peers aggregate\n( {4}.*\n)+/, '', /^wrong: there is no "peers aggregate"/],
    ['no line of the sidecar', / {4}server agg .*\n/, '', /no line "peer agg"/],
    [
      'a line that leads away',
      'agg unix@/run/agg.sock',
      'agg 10.0.0.7:3002',
      /must lead to this HAProxy itself/,
    ],
    [
      'another peer',
      'server agg unix',
      'server other 10.0.0.7:3002\n    server agg unix',
      /line 11: peer other of section aggregate leads elsewhere/,
    ],
    ['no table of epochs', /backend agg.epoch\n.*\n/, '', /there is no table agg.epoch/],
    [
      'epochs that are too short',
      epochs,
      epochs.replace('len 64', 'len 16'),
      /must have type string/,
    ],
    [
      'epochs of another type',
      epochs,
      epochs.replace('string len 64', 'ip'),
      /must have type string/,
    ],
    [
      'epochs that expire',
      epochs,
      epochs.replace('size', 'expire 1h size'),
      /must not have expire/,
    ],
    ['epochs without the tag', epochs, epochs.replace('gpt0', 'gpc0'), /must store gpt0/],
    [
      'epochs in another section',
      epochs,
      epochs.replace('peers aggregate', 'peers haproxy-peers'),
      /is not in section aggregate/,
    ],
    [
      'a table that is replicated, too',
      own,
      own.replace('peers aggregate', 'peers haproxy-peers'),
      /rate is shared over section haproxy-peers/,
    ],
    ['sums of nothing', own, 'mode http', /rate.sum is for the sums of rate, which is no table/],
    ['another type', sums, sums.replace('ipv6', 'ip'), /keys of ip, and rate of ipv6/],
    [
      'another period',
      sums,
      sums.replace('10s', '5s'),
      /period of 5000 ms, and rate with 10000 ms/,
    ],
    [
      'counting into the sums',
      'src table rate\n',
      'src table rate.sum\n',
      /"track-sc" counts into rate.sum/,
    ],
  ] as const)('is wrong with %s', (_, part, other, why) => {
    const found = having(part, other);
    expect(found.filter((each) => each.startsWith('wrong: '))).toHaveLength(1);
    expect(found.join('\n')).toMatch(why);
  });

  it.each([
    ['nowhere to put sums', /backend rate.sum\n.*\n/, '', /rate is summed nowhere/],
    [
      'fewer entries',
      sums,
      sums.replace('300k', '10k'),
      /room for 10240 entries, and rate for 102400/,
    ],
    [
      'data that is not counted',
      sums,
      sums.replace('http_req_cnt', 'conn_cnt'),
      /stores conn_cnt, and rate does not/,
    ],
    [
      'entries that go early',
      sums,
      sums.replace('1m', '15s'),
      /less than twice its period of 10000 ms/,
    ],
    ['own entries that go early', own, own.replace('1m', '19s'), /rate expires after 19000 ms/],
    [
      'connections that it does not learn',
      sums,
      sums.replace('http_req_cnt', 'conn_cur,http_req_cnt'),
      /conn_cur, which HAProxy takes from nobody unless the table has recv-only/,
    ],
  ] as const)('is doubtful with %s', (_, part, other, why) => {
    const found = having(part, other);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^doubt: /);
    expect(found[0]).toMatch(why);
  });

  it('is doubtful where a reload would hand over the sums, and not what peers share', () => {
    const other =
      'backend sessions\n    stick-table type ip size 1k expire 1m peers haproxy-peers\n';
    expect(faults(other + whole)).toEqual([]);
    expect(faults(whole + other)).toEqual([
      expect.stringMatching(
        /^doubt: line 14: agg.epoch comes before sessions of section haproxy-peers/,
      ),
    ]);
  });

  it('tells no period or length that a variable has', () => {
    expect(having(own, own.replace('size 100k', `size "\${SIZE}"`))).toEqual([]);
  });

  it('is examined without an exception, whatever it is', () => {
    const texts = fc.oneof(
      randomConfig(true).map(
        ({ peers, rest }) => `peers aggregate\n${peers}\n${rest}\nbackend x.sum\n${peers}`,
      ),
      fc.string(),
      fc
        .tuple(fc.nat(whole.length), fc.nat(whole.length), fc.string({ maxLength: 20 }))
        .map(([from, to, more]) => whole.slice(0, from) + more + whole.slice(to)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        for (const { why, kind } of examine(text).faults) {
          expect(why).not.toMatch(/undefined|NaN/);
          expect(['wrong', 'doubt']).toContain(kind);
        }
      }),
    );
  });
});
