import { describe, expect, it } from 'vitest';
import type { Facts } from '../../../../../src/doctor/facts.ts';
import { aggregateChecks } from '../../../../../src/modules/aggregate/checks/checks.ts';
import { withSums } from '../../../../../src/modules/aggregate/section/render.ts';

const stored = 'stick-table type ip size 1k expire 1m store http_req_rate(10s) peers aggregate';
const { text: whole } = withSums({
  ...{ localName: 'self', adminSocket: '/run/admin.sock', port: 3002, suffix: '.sum' },
  text: `backend T\n    ${stored}\nbackend T.sum\n    ${stored}\n`,
});

/** `check level: what` of all findings. */
function found(text: string | null, resync?: string | null): readonly string[] {
  // The checks look at nothing else.
  const facts: unknown = {
    sums: text === null ? undefined : { suffix: '.sum' },
    ...{ env: {}, configText: { ok: true, value: text } },
    admin: resync === undefined ? { ok: false } : { ok: true, value: { sums: resync } },
  };
  const { files = [], running = [] } = aggregateChecks;
  return [...files, ...running]
    .flatMap((check) => check(facts as Facts))
    .map(({ check, level, what, mend }) => {
      expect(mend === undefined).toBe(level === 'ok');
      return `${check} ${level}: ${what}`;
    });
}

describe('doctor, of sums', () => {
  it('says nothing without --aggregate', () => {
    expect(found(null, null)).toEqual([]);
  });

  it('says what is summed', () => {
    expect(found(whole, 'learned')).toEqual([
      'sums-section ok: T.sum of T',
      'sums-running ok: HAProxy has section aggregate, and has heard the sidecar',
    ]);
  });

  it('finds all that would make sums wrong, by its line', () => {
    const findings = found(whole.replace('10s', '5s').replace('expire 1m', 'expire 1s'));
    expect(findings).toEqual([
      expect.stringMatching(
        /^sums-section failure: line 4: T.sum stores http_req_rate with a period/,
      ),
      expect.stringMatching(/^sums-section warning: line 2: T expires after 1000 ms/),
    ]);
  });

  it('finds a section without tables', () => {
    expect(found(whole.replace(/backend T(.|\n)*?peers aggregate\n\n/, '\n'))[0]).toMatch(
      /^sums-section warning: no table is in section aggregate/,
    );
  });

  it('finds a worker without the section, or one that nobody has told anything', () => {
    expect(found(whole, null)[1]).toMatch(/^sums-running failure: HAProxy runs without/);
    expect(found(whole, 'pending')[1]).toMatch(/^sums-running warning: HAProxy waits/);
  });
});
