import { monotonicNow, timerMs } from '../clock.ts';
import type { DataplaneAddress } from '../model/dataplane-address.ts';
import type { Credentials } from './credentials.ts';
import { refusalError, type Stage, silenceError } from './failure.ts';
import { errorSchema } from './schema.ts';

/** One finished call, for metrics and logs. `status` is 0 when there was no answer. */
export interface CallInfo {
  readonly method: string;
  /** Without query, with the transaction's id and the entry's name. */
  readonly path: string;
  readonly stage: Stage;
  readonly status: number;
  readonly ms: number;
  /** Whether the status is one that the call expects. */
  readonly ok: boolean;
}

export interface Call {
  readonly stage: Stage;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON; `text` as text/plain. */
  readonly json?: unknown;
  readonly text?: string;
  /** Statuses that count as success; others throw. */
  readonly expect: readonly number[];
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  /** Header Configuration-Version: the version in the API's memory. Empty when absent. */
  readonly version: string;
  readonly text: string;
}

export type Http = (call: Call) => Promise<Answer>;

export interface HttpOptions {
  readonly address: DataplaneAddress;
  readonly credentials: Credentials;
  readonly onCall?: ((info: CallInfo) => void) | undefined;
}

/** One request, one answer, no retry: retries belong around the whole transaction. */
export function createHttp({ address, credentials, onCall }: HttpOptions): Http {
  async function once(call: Call): Promise<Answer> {
    const started = monotonicNow();
    const label = `${call.method} ${call.path}`;
    const authorization = await credentials.header();
    let status = 0;
    try {
      // In relay mode nobody calls the API, and the library takes 8 MiB.
      const { default: got } = await import('got');
      const response = await got(address.base + call.path, {
        method: call.method,
        headers: { authorization, ...(call.text === undefined ? {} : textPlain) },
        ...(call.query === undefined ? {} : { searchParams: { ...call.query } }),
        ...(call.json === undefined ? {} : { json: call.json }),
        ...(call.text === undefined ? {} : { body: call.text }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
        timeout: { request: timerMs(call.timeoutMs) },
        retry: { limit: 0 },
        throwHttpErrors: false,
        followRedirect: false,
        enableUnixSockets: true,
        responseType: 'text',
        // The API closes idle connections after 10 s, so a pooled connection may already be closed.
        agent: { http: false, https: false },
      });
      status = response.statusCode;
      const version = response.headers['configuration-version'];
      return {
        status,
        version: typeof version === 'string' ? version : '',
        text: response.body,
      };
    } catch (error) {
      call.signal?.throwIfAborted();
      throw silenceError(call.stage, label, error);
    } finally {
      const ms = Math.round((monotonicNow() - started) * 10) / 10;
      const ok = call.expect.includes(status);
      onCall?.({ method: call.method, path: call.path, stage: call.stage, status, ms, ok });
    }
  }

  return async (call) => {
    let answer = await once(call);
    // The password may have been replaced: try once more with the file's current content.
    if (answer.status === 401 && (await credentials.refresh())) answer = await once(call);
    if (!call.expect.includes(answer.status)) {
      throw refusalError({
        stage: call.stage,
        call: `${call.method} ${call.path}`,
        status: answer.status,
        // v2 repeats the refused password in its answer, so the text of a 401 is never passed on.
        message: answer.status === 401 ? 'user or password refused' : messageOf(answer.text),
      });
    }
    return answer;
  };
}

const textPlain = { 'content-type': 'text/plain' };

/** The API's message, shortened for a log line. */
function messageOf(text: string): string {
  const parsed = errorSchema.safeParse(parseJson(text));
  return (parsed.success ? parsed.data.message : text.trim()).slice(0, 2000);
}

/** `undefined` where the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
