import { RemoteError } from '../errors.ts';

/** The steps of a change, for errors, logs and `onCall`. */
export type Stage =
  | 'auth'
  | 'detect'
  | 'read'
  | 'begin'
  | 'edit'
  | 'check'
  | 'commit'
  | 'repair'
  | 'settle'
  | 'clean';

export interface Refusal {
  readonly stage: Stage;
  /** `PUT /services/haproxy/transactions/…`, never with a secret. */
  readonly call: string;
  readonly status: number;
  /** The API's own message, or the beginning of the body. */
  readonly message: string;
}

/** The error for an unexpected answer. Statuses: dataplaneapi misc.go, transactions.go. */
export function refusalError({ stage, call, status, message }: Refusal): RemoteError {
  const said = `Data Plane API answered ${status} to ${call}: ${message}`;
  const details = { status, stage };
  if (status === 401 || status === 403) {
    return new RemoteError('DATAPLANE_UNAUTHORIZED', said, { ...details, retryable: true });
  }
  if (status === 429) {
    return new RemoteError('DATAPLANE_BUSY', said, { ...details, retryable: true });
  }
  // An unknown path means another version of the API, which the next attempt detects.
  if (status >= 500 || (status === 404 && /^path \S+ was not found/.test(message))) {
    return new RemoteError('DATAPLANE_BAD_ANSWER', said, { ...details, retryable: true });
  }
  if (status === 400 && message.startsWith('Reload failed')) {
    return new RemoteError('RELOAD_FAILED', said, { ...details, retryable: false });
  }
  if (isConflict(stage, status, message)) {
    return new RemoteError('DATAPLANE_CONFLICT', said, { ...details, retryable: true });
  }
  if (status >= 400) {
    return new RemoteError('DATAPLANE_REJECTED', said, { ...details, retryable: false });
  }
  return new RemoteError('DATAPLANE_BAD_ANSWER', said, { ...details, retryable: false });
}

/**
 * 409: the version has changed, or the entry already exists; 406: the transaction is outdated or failed; 404: the
 * entry or the transaction does not exist. In each case our knowledge is outdated: read again and redo.
 */
function isConflict(stage: Stage, status: number, message: string): boolean {
  if (status === 409 || status === 406) return true;
  if (status === 404) return stage === 'edit' || stage === 'commit';
  return status === 400 && message.includes('transaction does not exist');
}

/** No answer: refused, reset or timed out. `cause` keeps the code, and drops got's request, which has credentials. */
export function silenceError(stage: Stage, call: string, error: unknown): RemoteError {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const words = error instanceof Error ? error.message : String(error);
  const text = code === '' || words.includes(code) ? words : `${words} (${code})`;
  return new RemoteError('DATAPLANE_UNREACHABLE', `No answer to ${call}: ${text}`, {
    retryable: true,
    stage,
    cause: Object.assign(new Error(text), code === '' ? {} : { code }),
  });
}

/** An answer that the API does not document: another program listens there, or an unknown version. */
export function badAnswer(stage: Stage, call: string, why: string): RemoteError {
  return new RemoteError('DATAPLANE_BAD_ANSWER', `Unexpected answer to ${call}: ${why}`, {
    retryable: false,
    stage,
  });
}

/**
 * The API made the reload of an earlier commit and ours at the same time, and reported the result of one for both. The
 * file now holds a configuration that HAProxy refuses (dataplaneapi reload_agent.go; seen with v3 and v2).
 */
export function answeredForAnother(): RemoteError {
  return new RemoteError(
    'RELOAD_FAILED',
    'The Data Plane API answered a commit with success, and HAProxy goes on without it: its alert is in the log of HAProxy',
    { retryable: false, stage: 'commit' },
  );
}

/** Another client committed between our write and reading it back. */
export function committedBetween(version: string): RemoteError {
  return new RemoteError(
    'DATAPLANE_CONFLICT',
    `Another client committed version ${version} between a write and its reload`,
    { retryable: true, stage: 'check' },
  );
}

/** Whether repeating the whole change may help. Never for aborts and defects. */
export function shouldRetry(error: unknown): boolean {
  return error instanceof RemoteError && error.retryable;
}

/** True if the commit may have happened although its answer was lost. */
export function outcomeUnknown(error: unknown): boolean {
  if (!(error instanceof RemoteError)) return true;
  return error.code === 'DATAPLANE_UNREACHABLE' || error.code === 'DATAPLANE_BAD_ANSWER';
}

/** The call failed at once, because there is no socket or no program behind it. */
export function nobodyListens(error: unknown): boolean {
  const cause = error instanceof RemoteError ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'ECONNREFUSED' || code === 'ENOENT';
}
