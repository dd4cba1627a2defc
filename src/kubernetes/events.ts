import { AppError, errorMessage } from '../errors.ts';
import type { Connection } from './connection.ts';
import { startDeadline } from './deadline.ts';
import { sendJson } from './request.ts';
import { podIdentitySchema } from './schema.ts';

/** The pod that an Event is about. */
export interface PodReference {
  readonly namespace: string;
  readonly name: string;
  /** Without it `kubectl describe pod` does not show the Event. */
  readonly uid?: string | undefined;
}

/** An Event as it is created; times in milliseconds since the epoch. */
export interface EventFields {
  readonly name: string;
  readonly reason: string;
  readonly type: 'Normal' | 'Warning';
  readonly message: string;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

export type EventAnswer =
  | { readonly kind: 'done' }
  /** It is not there (any more): Events live for an hour. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'forbidden' | 'failed'; readonly why: string };

const component = 'haproxy-peer-sync';
const answerMs = 5000;
/** The API server refuses more in a message (Kubernetes pkg/apis/core/validation/events.go). */
const messageLimit = 1024;

/** The rule a Role must have, on one line of YAML, as the log shows it. */
export function neededEventsRule(): string {
  return '{apiGroups: [""], resources: ["events"], verbs: ["create", "patch"]}';
}

function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function path(namespace: string, kind: 'events' | 'pods', name = ''): string {
  const collection = `/api/v1/namespaces/${encodeURIComponent(namespace)}/${kind}`;
  return name === '' ? collection : `${collection}/${encodeURIComponent(name)}`;
}

/** Creates a core/v1 Event: its count can be raised with one patch, and every kubectl shows it. Never throws. */
export function createEvent(
  connection: Connection,
  pod: PodReference,
  event: EventFields,
  signal: AbortSignal,
): Promise<EventAnswer> {
  return write(connection, 'POST', path(pod.namespace, 'events'), signal, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: event.name, namespace: pod.namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', ...pod },
    reason: event.reason,
    type: event.type,
    ...changing(event),
    firstTimestamp: time(event.firstAtMs),
    source: { component },
    reportingComponent: component,
    reportingInstance: pod.name,
  });
}

/** Raises the count of an Event. Never throws. */
export function raiseEvent(
  connection: Connection,
  namespace: string,
  event: EventFields,
  signal: AbortSignal,
): Promise<EventAnswer> {
  const where = path(namespace, 'events', event.name);
  return write(connection, 'PATCH', where, signal, changing(event));
}

function changing({ count, message, lastAtMs }: EventFields) {
  const cut = message.length > messageLimit ? `${message.slice(0, messageLimit - 1)}…` : message;
  return { count, message: cut, lastTimestamp: time(lastAtMs) };
}

/** The uid of a pod, or undefined where it cannot be read. Never throws. */
export async function podUid(
  connection: Connection,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const deadline = startDeadline(signal, answerMs, 'get pods');
  try {
    const where = path(namespace, 'pods', name);
    const { body } = await sendJson(connection, 'GET', where, undefined, deadline.signal);
    return podIdentitySchema.safeParse(body).data?.metadata.uid;
  } catch {
    return undefined;
  } finally {
    deadline.clear();
  }
}

async function write(
  connection: Connection,
  method: 'POST' | 'PATCH',
  where: string,
  signal: AbortSignal,
  object: unknown,
): Promise<EventAnswer> {
  const deadline = startDeadline(signal, answerMs, 'write Events of pods');
  try {
    const { status, message } = await sendJson(connection, method, where, object, deadline.signal);
    if (status < 300) return { kind: 'done' };
    if (status === 404 && method === 'PATCH') return { kind: 'gone' };
    const why = `the API server answers ${status}: ${message}`;
    return { kind: status === 403 ? 'forbidden' : 'failed', why };
  } catch (error) {
    const why = error instanceof AppError ? error.message : errorMessage(error);
    return { kind: 'failed', why };
  } finally {
    deadline.clear();
  }
}
