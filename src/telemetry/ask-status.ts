import { get } from 'node:http';
import { startTimer } from '../clock.ts';
import { answerLimit } from '../model/answer-limit.ts';
import { type Status, statusSchema } from './status-schema.ts';

export interface AskStatusOptions {
  /** For the whole answer, even if data keeps arriving. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** The name of the sibling that is asked: an answer under another name is dropped. Missing: any name is accepted. */
  readonly name?: string;
  /** With samples of the tables, which take HAProxy longer. */
  readonly sampled?: boolean;
}

/** Where a status is asked for. */
export function statusPath(sampled: boolean): string {
  return sampled ? '/status?sample' : '/status';
}

/**
 * The status of the replica whose sidecar is at `address`. Null if it is not up yet, does not answer in time, sends
 * too much, is another peer's, is blocked by a NetworkPolicy, or has a version without `/status`. An answer costs at
 * most 512 KiB for `timeoutMs`. Never throws.
 */
export function askStatus(
  address: string,
  port: number,
  { timeoutMs, signal, name, sampled = false }: AskStatusOptions,
): Promise<Status | null> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(null);
    const request = get({ host: address, port, path: statusPath(sampled), agent: false });

    function finish(status: Status | null): void {
      stopTimer();
      signal.removeEventListener('abort', nothing);
      request.destroy();
      resolve(status);
    }
    function nothing(): void {
      finish(null);
    }

    const stopTimer = startTimer(nothing, timeoutMs);
    signal.addEventListener('abort', nothing, { once: true });
    // Kept after the end: a connection that is cut off then still emits an error.
    request.on('error', nothing);
    request.on('close', nothing);
    request.on('response', (response) => {
      if (response.statusCode !== 200) return nothing();
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > answerLimit) nothing();
        else chunks.push(chunk);
      });
      response.on('error', nothing);
      response.on('end', () => finish(parseStatus(Buffer.concat(chunks).toString('utf8'), name)));
    });
  });
}

/** The status in a text, or null where it is none, or not that of `name`. */
export function parseStatus(text: string, name?: string): Status | null {
  if (text.length > answerLimit) return null;
  try {
    if (isDeep(text)) return null;
    const status = statusSchema.safeParse(JSON.parse(text)).data ?? null;
    return name === undefined || status?.name === name ? status : null;
  } catch {
    return null;
  }
}

/** How deep lists and objects of a status lie in each other is 4; deep ones cost the parser 100 MB. */
const depthLimit = 16;

/** One look at each character: a pattern for strings takes minutes for 512 KiB of `\"`. */
function isDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const mark = text[at];
    if (mark === '"') quoted = !quoted;
    else if (quoted && mark === '\\') at += 1;
    else if (!quoted && (mark === '[' || mark === '{')) depth += 1;
    else if (!quoted && (mark === ']' || mark === '}')) depth -= 1;
    if (depth > depthLimit) return true;
  }
  return false;
}
