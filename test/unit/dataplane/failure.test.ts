import { describe, expect, it } from 'vitest';
import {
  badAnswer,
  outcomeUnknown,
  refusalError,
  type Stage,
  shouldRetry,
  silenceError,
} from '../../../src/dataplane/failure.ts';
import { UserError } from '../../../src/errors.ts';

function refusal(stage: Stage, status: number, message = 'said') {
  return refusalError({ stage, call: 'PUT /x', status, message });
}

describe('refusalError', () => {
  it.each([
    ['read', 401, '', 'DATAPLANE_UNAUTHORIZED', true],
    ['begin', 409, 'version mismatch', 'DATAPLANE_CONFLICT', true],
    ['commit', 409, 'version mismatch', 'DATAPLANE_CONFLICT', true],
    ['commit', 406, 'transaction X is outdated', 'DATAPLANE_CONFLICT', true],
    ['commit', 404, 'transaction does not exist', 'DATAPLANE_CONFLICT', true],
    ['edit', 404, 'peer entry does not exist', 'DATAPLANE_CONFLICT', true],
    ['edit', 409, 'already exists', 'DATAPLANE_CONFLICT', true],
    ['edit', 400, 'transaction does not exist: 1', 'DATAPLANE_CONFLICT', true],
    ['begin', 429, 'maximum amount of 20', 'DATAPLANE_BUSY', true],
    ['commit', 500, 'file error', 'DATAPLANE_BAD_ANSWER', true],
    ['read', 503, '', 'DATAPLANE_BAD_ANSWER', true],
    ['commit', 400, 'Reload failed: [ALERT]', 'RELOAD_FAILED', false],
    ['commit', 400, 'validation error: exit status 1', 'DATAPLANE_REJECTED', false],
    ['edit', 422, 'address in body is required', 'DATAPLANE_REJECTED', false],
    ['read', 404, 'path /v3/x was not found', 'DATAPLANE_BAD_ANSWER', true],
    ['read', 404, 'gone', 'DATAPLANE_REJECTED', false],
    ['read', 302, '', 'DATAPLANE_BAD_ANSWER', false],
  ] as const)('%s %i %s is %s', (stage, status, message, code, retryable) => {
    const error = refusal(stage, status, message);

    expect(error).toMatchObject({ code, retryable, status, stage });
    expect(shouldRetry(error)).toBe(retryable);
  });

  it('says what was asked, the status and the words of the api', () => {
    expect(refusal('commit', 400, 'validation error: no').message).toBe(
      'Data Plane API answered 400 to PUT /x: validation error: no',
    );
  });
});

describe('shouldRetry', () => {
  it('retries silence', () => {
    expect(shouldRetry(silenceError('read', 'GET /x', new Error('connect ECONNREFUSED')))).toBe(
      true,
    );
  });

  it.each([
    ['garbage', badAnswer('read', 'GET /x', 'no JSON')],
    ['a mistake of the user', new UserError('CONFIG_INVALID', 'no')],
    ['an abort', new DOMException('stop', 'AbortError')],
    ['a defect', new TypeError('x is not a function')],
    ['something thrown that is no error', 'text'],
  ])('does not retry %s', (_, error) => {
    expect(shouldRetry(error)).toBe(false);
  });
});

describe('outcomeUnknown', () => {
  it.each([
    ['silence', silenceError('commit', 'PUT /x', new Error('reset')), true],
    ['garbage', badAnswer('commit', 'PUT /x', 'no JSON'), true],
    ['a server error', refusal('commit', 500), true],
    ['a defect', new TypeError('x'), true],
    ['an outdated transaction', refusal('commit', 406), false],
    ['a failed validation', refusal('commit', 400, 'validation error'), false],
    ['a failed reload', refusal('commit', 400, 'Reload failed: x'), false],
  ])('after %s', (_, error, unknown) => {
    expect(outcomeUnknown(error)).toBe(unknown);
  });
});

describe('silenceError', () => {
  it('drops everything of the cause but its words and code, because got keeps the request with its headers', () => {
    const cause = Object.assign(new Error('socket hang up'), {
      code: 'ECONNRESET',
      options: { headers: { authorization: 'Basic c2VjcmV0' } },
    });

    const error = silenceError('commit', 'PUT /x', cause);

    expect(error.message).toBe('No answer to PUT /x: socket hang up (ECONNRESET)');
    expect(JSON.stringify(error) + JSON.stringify(error.cause)).not.toContain('c2VjcmV0');
    expect(Object.keys(Object(error.cause))).toEqual(['code']);
  });
});
