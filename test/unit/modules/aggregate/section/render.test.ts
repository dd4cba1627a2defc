import { describe, expect, it } from 'vitest';
import { examineSums } from '../../../../../src/modules/aggregate/section/examine.ts';
import { type SumsInput, withSums } from '../../../../../src/modules/aggregate/section/render.ts';

const tables = `backend rate
    stick-table type ip size 1k expire 1m store http_req_cnt peers aggregate
backend rate.sum
    stick-table type ip size 1k expire 1m store http_req_cnt peers aggregate
`;

function render(text: string, more: Partial<SumsInput> = {}) {
  return withSums({
    ...{ text, localName: 'self', adminSocket: '/run/haproxy/admin.sock', port: 3002 },
    ...{ suffix: '.sum', ...more },
  });
}

describe('haproxy.cfg that init makes for sums', () => {
  it('has section and epochs behind all that was there', () => {
    const { text, warnings } = render(tables);
    expect(warnings).toEqual([]);
    expect(text.startsWith(tables)).toBe(true);
    expect(text.slice(tables.length)).toBe(`
peers aggregate
    # Nobody but the sidecar connects here.
    bind unix@/run/haproxy/agg.sock mode 600
    server self
    server agg unix@/run/haproxy/agg.sock

backend agg.epoch
    stick-table type string len 64 size 16 store gpt0 peers aggregate
`);
    expect(examineSums(text, { suffix: '.sum' }).faults).toEqual([]);
  });

  it('is the same when it is the template', () => {
    const { text } = render(tables);
    expect(render(text).text).toBe(text);
  });

  it('keeps line ends, and a last line without one', () => {
    const dos = tables.trimEnd().replaceAll('\n', '\r\n');
    const { text } = render(dos);
    expect(text.startsWith(`${dos}\r\n`)).toBe(true);
    expect(text).not.toMatch(/[^\r]\n/);
  });

  it('keeps a section and epochs of its own', () => {
    const own = `peers aggregate
  peer self unix@/tmp/a
  peer agg unix@/tmp/a
backend agg.epoch
  stick-table type string len 40 size 4 peers aggregate store gpt0
${tables}`;
    expect(render(own).text).toBe(own);
  });

  it.each(['chroot /var/empty', 'user haproxy', 'unix-bind prefix /run'])(
    'is reached over the loopback with %s',
    (line) => {
      const { text, warnings } = render(`global\n    ${line}\n${tables}`);
      expect(text).toContain('bind 127.0.0.1:3002\n');
      expect(text).toContain('server agg 127.0.0.1:3002\n');
      expect(warnings).toHaveLength(1);
    },
  );

  it('is not made of a template with what would be wrong, and all of it is told', () => {
    const wrong = tables.replace('type ip', 'type ipv6').replace('peers aggregate', 'peers other');
    expect(() => render(wrong.replace('type ip', 'type string'))).toThrow(
      expect.objectContaining({
        code: 'AGGREGATE_INVALID',
        message: expect.stringMatching(/line 2: rate is shared over section other/),
      }),
    );
  });

  it('is made with a warning of what is doubtful', () => {
    const { warnings } = render(tables.replace('backend rate.sum', 'backend rate_sum'));
    expect(warnings).toEqual([
      expect.stringMatching(/^line 2: rate is summed nowhere/),
      expect.stringMatching(/^line 4: rate_sum is summed nowhere/),
    ]);
  });
});
