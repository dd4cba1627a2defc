import { describe, expect, it } from 'vitest';
import {
  deriveSelector,
  selectorProblem,
  validateSelector,
} from '../../../src/discovery/selector.ts';

describe('deriveSelector', () => {
  it('keeps the labels of the workload, sorted', () => {
    expect(deriveSelector({ tier: 'edge', app: 'haproxy' })).toBe('app=haproxy,tier=edge');
  });

  it.each([
    'pod-template-hash',
    'rollouts-pod-template-hash',
    'controller-revision-hash',
    'pod-template-generation',
    'statefulset.kubernetes.io/pod-name',
    'apps.kubernetes.io/pod-index',
    'batch.kubernetes.io/job-name',
    'batch.kubernetes.io/controller-uid',
    'batch.kubernetes.io/job-completion-index',
    'job-name',
    'controller-uid',
    'topology.kubernetes.io/zone',
    'app.kubernetes.io/version',
    'helm.sh/chart',
  ])('leaves out %s, which differs between siblings', (label) => {
    expect(deriveSelector({ app: 'haproxy', [label]: 'x' })).toBe('app=haproxy');
  });

  it('keeps labels that only look like those', () => {
    const labels = { 'app.kubernetes.io/name': 'haproxy', 'my-job-name': 'a' };

    expect(deriveSelector(labels)).toBe('app.kubernetes.io/name=haproxy,my-job-name=a');
  });

  it('refuses to select every pod when no label is left', () => {
    const labels = { 'pod-template-hash': 'x', 'job-name': 'y' };

    expect(() => deriveSelector(labels)).toThrow(
      expect.objectContaining({
        code: 'SELECTOR_EMPTY',
        message: expect.stringContaining('job-name, pod-template-hash'),
      }),
    );
    expect(() => deriveSelector({})).toThrow(expect.objectContaining({ code: 'SELECTOR_EMPTY' }));
  });

  it('derives only what it accepts itself', () => {
    expect(selectorProblem(deriveSelector({ 'a.b/c': 'd_e.f', empty: '' }))).toBeUndefined();
  });
});

describe('validateSelector', () => {
  it.each([
    'app=haproxy',
    'app==haproxy, tier!=edge',
    'app in (a, b),tier notin (c)',
    'app,!canary',
    'app.kubernetes.io/name=haproxy',
    'empty=',
    '  app=haproxy ',
  ])('accepts %s', (selector) => {
    expect(validateSelector(selector)).toBe(selector.trim());
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
    expect(() => validateSelector(selector)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('"') }),
    );
  });

  it('refuses an empty selector as one that takes every pod', () => {
    expect(() => validateSelector('  ')).toThrow(
      expect.objectContaining({ code: 'SELECTOR_EMPTY' }),
    );
  });
});
