import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderFindings } from '../../../src/cli/doctor-view.ts';
import { renderError } from '../../../src/cli/main.ts';
import { renderStatus } from '../../../src/cli/status-view.ts';
import type { Finding } from '../../../src/doctor/facts.ts';
import { AppError } from '../../../src/errors.ts';
import { createLog } from '../../../src/log.ts';
import { type Status, statusSchema } from '../../../src/telemetry/status-schema.ts';
import { escapeJson, visible } from '../../../src/visible.ts';

/** Whatever a terminal obeys, or shows elsewhere or not at all; the line break is ours. */
const unsafe = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const seen = { numRuns: 40 };

const hostile = fc.oneof(
  fc.constantFrom(
    '\u001b[2J',
    '\u001b]0;title\u0007',
    '\u001b]52;c;ZXZpbA==\u001b\\',
    '\u009b31m',
    '\u009d8;;http://evil\u009c',
    'a\nweb-1  10.0.0.1  ready',
    '\r  ready',
    '\u202eydaer',
    '\u2066\u2069',
    '\u2028\u2029\u0085',
    '\u200b\u00ad\ufeff',
    '\u007f\b\b\b',
    '\udc00\ud800',
    '\u{e0041}',
    '__proto__',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

/** The same value with another text wherever there is one that is free to be anything. */
function withTexts<T>(value: T, text: () => string): T {
  const change = (part: unknown): unknown => {
    if (typeof part === 'string') return text();
    if (Array.isArray(part)) return part.map(change);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, field]) => [key, change(field)]));
  };
  return change(value) as T;
}

const peer = { name: 'b', address: '10.0.0.2:3000', local: false, lastStatus: 'UNKN' };
const full: Status = {
  name: 'a',
  address: '10.0.0.1',
  version: '1',
  startedAtMs: 0,
  ready: false,
  reasons: ['one', 'two'],
  members: { synced: true, names: ['a', 'b'], notes: ['note'] },
  section: { name: 'haproxy-peers', entries: 2 },
  resync: 'learned',
  haproxy: { version: '3.4', reloads: 1 },
  peers: [
    { ...peer, established: true },
    { ...peer, established: false },
  ],
  tables: [{ name: 'sessions', size: 10, used: 5, shared: true }],
  pending: { add: ['c'], update: ['d'], remove: ['e'], decision: 'wait', reasons: ['x'] },
  lastChange: { atMs: 0, joined: ['c'], moved: ['d'], left: ['e'], ms: 1 },
  lastFailure: { atMs: 0, code: 'BUG' },
};

const statuses = fc.gen().map((pick): Status => {
  const status = withTexts(full, () => pick(() => hostile));
  return { ...status, resync: 'learned' };
});

/** Without the colours that a view puts in itself. */
const colourless = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for.
  text.replace(/\u001b\[\d+m/g, '');

describe('what others have written', () => {
  it.each([true, false])('reaches no terminal as it is through status (colours: %s)', (colors) => {
    const lines = (found: Parameters<typeof renderStatus>[0]): readonly string[] =>
      colourless(renderStatus(found, { colors, nowMs: 0 })).split('\n');
    const harmless = { name: 'a', status: withTexts(full, () => 'x'), why: 'w' };
    const usual = lines([
      { ...harmless, status: { ...harmless.status, resync: 'learned' } },
    ]).length;
    fc.assert(
      fc.property(statuses, hostile, hostile, (status, name, why) => {
        expect(statusSchema.safeParse(status).success).toBe(true);
        const shown = lines([{ name, status, why }]);
        expect(shown.join('\n')).not.toMatch(unsafe);
        expect(shown).toHaveLength(usual);
        expect(lines([{ name, status: null, why }])).toHaveLength(2);
        expect(lines([{ name, status: null, why }]).join('\n')).not.toMatch(unsafe);
      }),
      seen,
    );
  });

  it.each([true, false])('reaches no terminal as it is through doctor (colours: %s)', (colors) => {
    const findings = fc.array(
      fc.record({
        check: hostile,
        level: fc.constantFrom('ok', 'warning', 'failure'),
        what: hostile,
        mend: hostile,
      }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(findings, (all) => {
        const text = colourless(renderFindings(all as readonly Finding[], colors));
        expect(text).not.toMatch(unsafe);
        expect(text.split('\n')).toHaveLength(2 * all.length + 2);
      }),
      seen,
    );
  });

  it('reaches no terminal as it is through an error', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(renderError(new AppError('BUG', text, { hint: text }))).not.toMatch(unsafe);
        expect(renderError(new Error(text))).not.toMatch(unsafe);
      }),
      seen,
    );
  });

  it('is the same value in --json and in the log, and no character of it is obeyed', () => {
    fc.assert(
      fc.property(statuses, hostile, (status, text) => {
        const json = escapeJson(JSON.stringify({ status, text }));
        expect(json).not.toMatch(unsafe);
        expect(json).not.toContain('\n');
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ status, text })));

        let line = '';
        const log = createLog('info', {
          write(written) {
            line = written;
          },
        });
        log.info({ text }, text);
        expect(line).not.toMatch(unsafe);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(JSON.parse(line)).toMatchObject({ msg: text });
      }),
      seen,
    );
  });

  it('is left alone where it is text, in any script', () => {
    for (const text of ['web-1', 'größer', 'ノード', 'узел', 'e\u0301', 'שלום', '😀']) {
      expect(visible(text)).toBe(text);
    }
    expect(visible('\u001b[31m\n')).toBe('\\u001b[31m\\u000a');
  });
});
