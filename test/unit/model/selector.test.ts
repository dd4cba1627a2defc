import { describe, expect, it } from 'vitest';
import {
  matches,
  parseSelector,
  selectorProblem,
  selectorText,
} from '../../../src/model/selector.ts';

describe('matches', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, boolean])[] = [
    ['app=haproxy', { app: 'haproxy', tier: 'edge' }, true],
    ['app=haproxy,tier!=edge', { app: 'haproxy', tier: 'edge' }, false],
    ['tier!=edge', {}, true],
    ['tier notin (edge,dmz)', {}, true],
    ['tier in (edge, dmz)', { tier: 'dmz' }, true],
    ['tier in (edge, dmz)', {}, false],
    ['tier', { tier: '' }, true],
    ['!tier', { tier: '' }, false],
    ['empty=', { empty: '' }, true],
    ['empty=', {}, false],
    ['toString', {}, false],
  ];

  it.each(cases)('%s of %j is %s, as for the API server', (selector, labels, expected) => {
    expect(matches(parseSelector(selector), labels)).toBe(expected);
  });
});

describe('selectorText', () => {
  it.each(['app=haproxy', 'app!=haproxy', 'app in (a,b)', 'app notin (a,b)', 'app', '!app', 'a='])(
    'gives %s back as it was read',
    (selector) => {
      expect(selectorText(parseSelector(selector))).toBe(selector);
    },
  );
});

describe('selectorProblem', () => {
  it.each([
    'app=haproxy',
    'app==haproxy, tier!=edge',
    'app in (a, b),tier notin (c)',
    'app,!canary',
    'app.kubernetes.io/name=haproxy',
    'empty=',
    '  app=haproxy ',
  ])('accepts %s', (selector) => {
    expect(selectorProblem(selector)).toBeUndefined();
  });

  it.each([
    'app=haproxy,',
    'app=a=b',
    'app=two words',
    'app in a,b',
    'app in (a',
    '-app=x',
    'a/b/c=x',
    `app=${'x'.repeat(64)}`,
    'app=ü',
    'Prefix/name=x',
  ])('refuses %s and says what is wrong', (selector) => {
    expect(selectorProblem(selector)).toContain('"');
    expect(() => parseSelector(selector)).toThrow(RangeError);
  });

  it('refuses an empty selector as one that takes every pod', () => {
    expect(selectorProblem('  ')).toContain('every pod');
  });
});
