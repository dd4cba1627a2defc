import type { IncomingMessage } from 'node:http';
import type { Connection } from './connection.ts';
import { startDeadline } from './deadline.ts';
import { answerError, badAnswer, type FailureContext, statusOf } from './failures.ts';
import type { Named, Resource } from './kind.ts';
import { chunksOf, getObjects } from './request.ts';
import { versionedSchema, watchEventSchema } from './schema.ts';

export type WatchEvent<Facts> =
  | { readonly kind: 'put' | 'remove'; readonly resourceVersion: string; readonly facts: Facts }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string };

export interface WatchOptions<Facts> {
  readonly namespace: string;
  readonly selector: string;
  /** As kubectl's --field-selector. */
  readonly fieldSelector?: string | undefined;
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
  /** Time for the first byte, and the grace after `watchMs`, in milliseconds. */
  readonly answerMs: number;
  /** The API server is asked to end the watch after this time, so that silence always has an end. */
  readonly watchMs: number;
  onOpen(): void;
  onEvent(event: WatchEvent<Facts>): void;
}

/** Longest line: etcd limits an object to 1.5 MB. */
const maxLineChars = 8 * 1024 * 1024;

/**
 * Follows the objects from a resourceVersion on. Resolves when the API server ends the watch in order; rejects with a
 * RemoteError (status 410: the version is too old, list again) or the error of the socket.
 *
 * A quiet watch and a dead one look alike. Rather than guess, we ask the server to end the watch after `watchMs` and
 * call it dead when it did not: the next request goes out on the same connection and continues where this one ended.
 */
export async function watchAll<Facts extends Named>(
  connection: Connection,
  kind: Resource<Facts>,
  options: WatchOptions<Facts>,
): Promise<void> {
  const { namespace, selector, fieldSelector, resourceVersion, answerMs, watchMs } = options;
  const context: FailureContext = { namespace, verb: 'watch', kind };
  const deadline = startDeadline(options.signal, answerMs, `watch ${kind.plural}`);
  let response: IncomingMessage | undefined;
  try {
    const timeoutSeconds = Math.max(1, Math.ceil(watchMs / 1000));
    const query = {
      watch: '1',
      allowWatchBookmarks: 'true',
      labelSelector: selector,
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      resourceVersion,
      timeoutSeconds: String(timeoutSeconds),
    };
    const { signal } = deadline;
    response = await getObjects(connection, { ...context, query, signal });
    deadline.extend(timeoutSeconds * 1000 + answerMs);
    options.onOpen();
    for await (const line of linesOf(response, signal, context)) {
      const event = eventOf(line, kind, context);
      if (event !== undefined) options.onEvent(event);
    }
  } finally {
    deadline.clear();
    response?.destroy();
  }
}

async function* linesOf(
  response: IncomingMessage,
  signal: AbortSignal,
  context: FailureContext,
): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunksOf(response, signal)) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineChars) throw badAnswer('has a line without end', context);
    yield* lines.filter((line) => line !== '');
  }
}

function eventOf<Facts extends Named>(
  line: string,
  kind: Resource<Facts>,
  context: FailureContext,
): WatchEvent<Facts> | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw badAnswer('holds a line that is not JSON', context, error);
  }
  const event = watchEventSchema.safeParse(json);
  if (!event.success) throw badAnswer('holds a line that is no event', context, event.error);
  const { type, object } = event.data;
  if (type === 'ERROR') {
    const { code, message } = statusOf(object);
    throw answerError(code, message, context);
  }
  const version = versionedSchema.safeParse(object);
  if (!version.success) throw badAnswer('holds an event without version', context, version.error);
  const { resourceVersion } = version.data.metadata;
  if (type === 'BOOKMARK') return { kind: 'bookmark', resourceVersion };
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return undefined;
  const facts = kind.schema.safeParse(object);
  if (!facts.success) {
    throw badAnswer(`holds an event that is none of ${kind.plural}`, context, facts.error);
  }
  return { kind: type === 'DELETED' ? 'remove' : 'put', resourceVersion, facts: facts.data };
}
