import type { IncomingMessage } from 'node:http';
import type { PodFacts } from '../pods.ts';
import type { Connection } from './connection.ts';
import { startDeadline } from './deadline.ts';
import { answerError, badAnswer, type FailureContext, statusOf } from './failures.ts';
import { chunksOf, getPods } from './request.ts';
import { podEventSchema, podFactsSchema, watchEventSchema } from './schema.ts';

export type PodEvent =
  | { readonly kind: 'put' | 'remove'; readonly resourceVersion: string; readonly pod: PodFacts }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string };

export interface WatchOptions {
  readonly namespace: string;
  readonly selector: string;
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
  /** Time for the first byte, and the grace after `watchMs`, in milliseconds. */
  readonly answerMs: number;
  /** The API server is asked to end the watch after this time, so that silence always has an end. */
  readonly watchMs: number;
  onOpen(): void;
  onEvent(event: PodEvent): void;
}

/** Longest line: etcd limits an object to 1.5 MB. */
const maxLineChars = 8 * 1024 * 1024;

/**
 * Follows the pods from a resourceVersion on. Resolves when the API server ends the watch in order; rejects with a
 * RemoteError (status 410: the version is too old, list again) or the error of the socket.
 *
 * A quiet watch and a dead one look alike. Rather than guess, we ask the server to end the watch after `watchMs` and
 * call it dead when it did not: the next request goes out on the same connection and continues where this one ended.
 */
export async function watchPods(connection: Connection, options: WatchOptions): Promise<void> {
  const { namespace, selector, resourceVersion, answerMs, watchMs } = options;
  const context: FailureContext = { namespace, verb: 'watch' };
  const deadline = startDeadline(options.signal, answerMs, context.verb);
  let response: IncomingMessage | undefined;
  try {
    const timeoutSeconds = Math.max(1, Math.ceil(watchMs / 1000));
    const query = {
      watch: '1',
      allowWatchBookmarks: 'true',
      labelSelector: selector,
      resourceVersion,
      timeoutSeconds: String(timeoutSeconds),
    };
    const { signal } = deadline;
    response = await getPods(connection, { ...context, query, signal });
    deadline.extend(timeoutSeconds * 1000 + answerMs);
    options.onOpen();
    for await (const line of linesOf(response, signal)) {
      const event = eventOf(line, context);
      if (event !== undefined) options.onEvent(event);
    }
  } finally {
    deadline.clear();
    response?.destroy();
  }
}

async function* linesOf(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunksOf(response, signal)) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineChars) throw badAnswer('has a line without end', 'watch');
    yield* lines.filter((line) => line !== '');
  }
}

function eventOf(line: string, context: FailureContext): PodEvent | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw badAnswer('holds a line that is not JSON', 'watch', error);
  }
  const event = watchEventSchema.safeParse(json);
  if (!event.success) throw badAnswer('holds a line that is no event', 'watch', event.error);
  const { type, object } = event.data;
  if (type === 'ERROR') {
    const { code, message } = statusOf(object);
    throw answerError(code, message, context);
  }
  const version = podEventSchema.safeParse(object);
  if (!version.success) throw badAnswer('holds an event without version', 'watch', version.error);
  const { resourceVersion } = version.data.metadata;
  if (type === 'BOOKMARK') return { kind: 'bookmark', resourceVersion };
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return undefined;
  const pod = podFactsSchema.safeParse(object);
  if (!pod.success) throw badAnswer('holds an event without pod', 'watch', pod.error);
  return { kind: type === 'DELETED' ? 'remove' : 'put', resourceVersion, pod: pod.data };
}
