import type { IncomingHttpHeaders } from 'node:http';
import * as z from 'zod';
import { AppError, errorMessage, RemoteError, type RemoteErrorDetails } from '../errors.ts';
import type { Kind } from './kind.ts';

const statusSchema = z.object({
  code: z.number().nullish(),
  reason: z.string().nullish(),
  message: z.string().nullish(),
});

/** The API server's own words out of a Status object, which comes as an error's body and as an ERROR event. */
export function statusOf(value: unknown): { readonly code: number; readonly message: string } {
  const { data } = statusSchema.safeParse(value);
  return { code: data?.code ?? 0, message: data?.message ?? data?.reason ?? 'no reason given' };
}

/** A RemoteError of the API server with how long it asks us to leave it alone, in milliseconds. */
export class ApiServerError extends RemoteError {
  readonly retryAfterMs: number;

  constructor(
    code: RemoteError['code'],
    message: string,
    details: RemoteErrorDetails & { readonly retryAfterMs?: number },
  ) {
    super(code, message, details);
    this.retryAfterMs = details.retryAfterMs ?? 0;
  }
}

export type Verb = 'list' | 'watch';

export interface FailureContext {
  readonly namespace: string;
  readonly verb: Verb;
  readonly kind: Kind;
}

/** The rule a Role must have, on one line of YAML, as the log and the hint show it. */
export function neededRule({ group, plural }: Kind): string {
  return `{apiGroups: ["${group}"], resources: ["${plural}"], verbs: ["get", "list", "watch"]}`;
}

/** An answer of the API server that is no success, as an error. `status` 410 means: list again. */
export function answerError(
  status: number,
  message: string,
  { namespace, verb, kind }: FailureContext,
  headers: IncomingHttpHeaders = {},
): ApiServerError {
  const details = { retryable: true, status, stage: verb, retryAfterMs: retryAfterMs(headers) };
  if (status === 401) {
    return new ApiServerError(
      'KUBERNETES_UNAUTHORIZED',
      `The API server does not accept our token to ${verb} ${kind.plural}: ${message}`,
      details,
    );
  }
  if (status === 403) {
    const isWide = kind.isClusterWide === true;
    const where = isWide ? '' : ` in namespace ${namespace}`;
    return new ApiServerError(
      'KUBERNETES_FORBIDDEN',
      `The API server refuses to ${verb} ${kind.plural}${where}: ${message}`,
      {
        ...details,
        hint: `Add this rule to a ${isWide ? 'ClusterRole' : 'Role'}${where} and bind it to the pod's service account: ${neededRule(kind)}`,
      },
    );
  }
  const code = status === 429 || status >= 500 ? 'KUBERNETES_UNREACHABLE' : 'KUBERNETES_BAD_ANSWER';
  return new ApiServerError(
    code,
    `The API server answers ${status} to ${verb} ${kind.plural}: ${message}`,
    details,
  );
}

export function badAnswer(
  what: string,
  { verb, kind }: Pick<FailureContext, 'verb' | 'kind'>,
  cause?: unknown,
): RemoteError {
  return new RemoteError(
    'KUBERNETES_BAD_ANSWER',
    `The API server's answer to ${verb} ${kind.plural} ${what}`,
    {
      retryable: true,
      stage: verb,
      cause,
    },
  );
}

/** Turns any error from a request to the API server into a RemoteError. */
export function asAppError(error: unknown, { verb, kind }: FailureContext): AppError {
  if (error instanceof AppError) return error;
  return new RemoteError(
    'KUBERNETES_UNREACHABLE',
    `The API server cannot be reached to ${verb} ${kind.plural}: ${errorMessage(error)}`,
    { retryable: true, stage: verb, cause: error },
  );
}

/** Milliseconds of a Retry-After header in seconds; 0 without one. At most 30 s: a sibling may be waiting. */
function retryAfterMs(headers: IncomingHttpHeaders): number {
  const seconds = Number(headers['retry-after'] ?? 0);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 30) * 1000 : 0;
}
