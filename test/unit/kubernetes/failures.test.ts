import { describe, expect, it } from 'vitest';
import { answerError, asAppError, badAnswer, statusOf } from '../../../src/kubernetes/failures.ts';

const kind = { group: '', version: 'v1', plural: 'pods' };
const context = { namespace: 'edge', verb: 'list', kind } as const;

describe('an answer of the API server that is no success', () => {
  it.each([
    [401, 'KUBERNETES_UNAUTHORIZED'],
    [403, 'KUBERNETES_FORBIDDEN'],
    [404, 'KUBERNETES_BAD_ANSWER'],
    [410, 'KUBERNETES_BAD_ANSWER'],
    [429, 'KUBERNETES_UNREACHABLE'],
    [503, 'KUBERNETES_UNREACHABLE'],
  ])('of status %i is %s', (status, code) => {
    expect(answerError(status, 'because', context)).toMatchObject({
      code,
      status,
      retryable: true,
      message: expect.stringContaining('because'),
    });
  });

  it('names the rule that the Role lacks', () => {
    expect(answerError(403, 'forbidden', context).hint).toContain(
      '{apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"]}',
    );
  });

  it.each([
    ['7', 7000],
    ['3600', 30_000],
    ['-1', 0],
    ['soon', 0],
    [undefined, 0],
  ])('asks with Retry-After %s to be left alone for %i ms', (header, ms) => {
    const error = answerError(429, 'slow down', context, { 'retry-after': header });

    expect(error.retryAfterMs).toBe(ms);
  });
});

describe('what is no answer of an API server', () => {
  it('says what was asked', () => {
    expect(badAnswer('is no JSON', context)).toMatchObject({
      code: 'KUBERNETES_BAD_ANSWER',
      message: "The API server's answer to list pods is no JSON",
    });
  });

  it('is out of reach when a call fails, and stays what it is when it is one of ours', () => {
    const ours = badAnswer('is no JSON', context);

    expect(asAppError(new Error('ECONNREFUSED'), context).code).toBe('KUBERNETES_UNREACHABLE');
    expect(asAppError(ours, context)).toBe(ours);
  });

  it('has no reason where it is no Status', () => {
    expect(statusOf('<html>')).toEqual({ code: 0, message: 'no reason given' });
    expect(statusOf({ code: 410, reason: 'Expired' })).toEqual({ code: 410, message: 'Expired' });
  });
});
