import { RemoteError } from '../errors.ts';
import { type ApiVersion, detectApi } from './detect.ts';
import type { Answer, Call, Http } from './http.ts';

export interface Timeouts {
  /** Milliseconds for a call that only reads or edits. */
  readonly timeoutMs: number;
  /** Milliseconds for a call that validates or reloads. */
  readonly commitTimeoutMs: number;
}

/** Calls in the form of the API version that listens. */
export interface Caller {
  readonly version: (signal?: AbortSignal) => Promise<ApiVersion>;
  /** `path` is the part after `/v3/services/haproxy`; `slow` uses `commitTimeoutMs`. */
  readonly call: (request: Omit<Call, 'timeoutMs'>, slow?: 'slow') => Promise<Answer>;
}

/** Detects the version once, and again if an answer suggests that another program listens now. */
export function createCaller(http: Http, { timeoutMs, commitTimeoutMs }: Timeouts): Caller {
  let known: ApiVersion | undefined;

  async function version(signal?: AbortSignal): Promise<ApiVersion> {
    known ??= await detectApi(http, timeoutMs, signal);
    return known;
  }

  return {
    version,
    async call(request, slow) {
      const path = `/${await version(request.signal)}/services/haproxy${request.path}`;
      try {
        const limit = slow === undefined ? timeoutMs : commitTimeoutMs;
        return await http({ ...request, path, timeoutMs: limit });
      } catch (error) {
        if (mayBeAnother(error)) known = undefined;
        throw error;
      }
    },
  };
}

/** No answer, an unexpected answer, a refused login or an unknown path: another API may listen now. */
function mayBeAnother(error: unknown): boolean {
  if (!(error instanceof RemoteError)) return false;
  return ['DATAPLANE_UNREACHABLE', 'DATAPLANE_BAD_ANSWER', 'DATAPLANE_UNAUTHORIZED'].includes(
    error.code,
  );
}

/** Encodes a name for use in a path, e.g. `"$HOSTNAME"`. */
export function named(path: string, name: string): string {
  return `${path}/${encodeURIComponent(name)}`;
}
