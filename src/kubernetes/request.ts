import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { answerLimit } from '../model/answer-limit.ts';
import type { Connection } from './connection.ts';
import { answerError, badAnswer, type FailureContext, statusOf } from './failures.ts';
import { pathOf } from './kind.ts';

/*
 * Why not the library's CoreV1Api and Watch (client-node 2.0.1, read in its dist):
 * - Every request of either builds a new undici Agent that nobody closes, so each one is a new TLS connection.
 * - Watch.watch() hands out its AbortController only after the response headers, so a watch that hangs while
 *   connecting cannot be stopped for 30 s; its silence limit of 30 s is private and shorter than the API server's
 *   bookmark interval of 60 s, so a quiet watch is cut twice a minute.
 * - Watch drops the body of an error (the reason of a 403) and Retry-After; it ignores lines it cannot parse.
 * - CoreV1Api turns every pod into model objects of all its fields; we need five.
 * KubeConfig stays: kubeconfig files, service account, exec and OIDC plug-ins, proxies.
 */

/** Longest page that is read whole: 250 pods are 2.5 MB. Text and objects of this much fit into the examples' memory limit. */
const maxPageChars = 24 * 1024 * 1024;

/** Longest answer about one object, or of a sibling: etcd limits an object to 1.5 MB. */
const maxAnswerChars = 8 * 1024 * 1024;

export interface ObjectsRequest extends FailureContext {
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly metadataOnly?: boolean | undefined;
}

/** A server that cannot leave the rest out, which none since Kubernetes 1.15 is, sends whole objects. */
const metadataAccept =
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

type Method = 'GET' | 'POST' | 'PATCH';

const contentTypes = { POST: 'application/json', PATCH: 'application/merge-patch+json' } as const;

/** Sends a request to a path of the API server; resolves with whatever it answers, body unread. */
async function open(
  connection: Connection,
  path: string,
  signal: AbortSignal,
  method: Method = 'GET',
  body?: string,
  accept = 'application/json',
): Promise<IncomingMessage> {
  const options = await connection.options();
  const sent = method === 'GET' ? {} : { 'content-type': contentTypes[method] };
  const headers = { ...options.headers, ...sent, accept };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(new URL(connection.server + path), { ...options, method, headers, signal })
      .on('response', resolve)
      .on('error', (error) => reject(signal.aborted ? signal.reason : error))
      .end(body);
  });
  response.setEncoding('utf8');
  return response;
}

/**
 * GETs a path of a port of a pod through the API server, as `kubectl get --raw` does: needs `get` on `pods/proxy`.
 * Rejects with an Error that says what the API server, or the pod, has answered.
 */
export async function getFromPod(
  connection: Connection,
  namespace: string,
  pod: string,
  port: number,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  const where = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}:${port}`;
  const response = await open(connection, `${where}/proxy${path}`, signal);
  const text = await readText(response, signal, answerLimit);
  if (response.statusCode === 200) return text;
  throw new Error(`${response.statusCode}: ${statusMessage(text)}`);
}

/**
 * One object sent and the answer read whole, whatever its status; `message` is the API server's reason where it gives
 * one. Rejects with the error of the socket or the reason of the signal.
 */
export async function sendJson(
  connection: Connection,
  method: Method,
  path: string,
  object: unknown,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly message: string; readonly body: unknown }> {
  const sent = object === undefined ? undefined : JSON.stringify(object);
  const response = await open(connection, path, signal, method, sent);
  const text = await readText(response, signal, maxAnswerChars);
  return { status: response.statusCode ?? 0, message: statusMessage(text), body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** GETs objects of a kind; resolves with a 200 whose body is still to be read, rejects with a RemoteError for every other answer. */
export async function getObjects(
  connection: Connection,
  { query, signal, metadataOnly, ...context }: ObjectsRequest,
): Promise<IncomingMessage> {
  const path = pathOf(context.kind, context.namespace);
  const accept = metadataOnly === true ? metadataAccept : undefined;
  const where = `${path}?${new URLSearchParams(query)}`;
  const response = await open(connection, where, signal, 'GET', undefined, accept);
  const status = response.statusCode ?? 0;
  if (status === 200) return response;
  const body = await readText(response, signal, 64 * 1024).catch(() => '');
  throw answerError(status, statusMessage(body), context, response.headers);
}

function statusMessage(body: string): string {
  try {
    return statusOf(JSON.parse(body)).message;
  } catch {
    return body.slice(0, 200) || 'no reason given';
  }
}

/** The chunks of a body. An abort ends it with the reason of the signal, a cut with the error of the socket. */
export async function* chunksOf(
  response: IncomingMessage,
  signal: AbortSignal,
): AsyncGenerator<string> {
  try {
    for await (const chunk of response) yield String(chunk);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

async function readText(
  response: IncomingMessage,
  signal: AbortSignal,
  maxChars: number,
): Promise<string> {
  let text = '';
  for await (const chunk of chunksOf(response, signal)) {
    text += chunk;
    if (text.length > maxChars) throw new AnswerTooLongError(maxChars);
  }
  return text;
}

class AnswerTooLongError extends Error {
  constructor(maxChars: number) {
    super(`is longer than ${maxChars} characters`);
  }
}

/** The whole body as JSON, whatever it holds, if it is no longer than `maxChars`. */
export async function readJson(
  response: IncomingMessage,
  signal: AbortSignal,
  context: FailureContext,
  maxChars = maxPageChars,
): Promise<unknown> {
  try {
    return JSON.parse(await readText(response, signal, maxChars));
  } catch (error) {
    if (error instanceof SyntaxError) throw badAnswer('is not JSON', context, error);
    if (error instanceof AnswerTooLongError) throw badAnswer(error.message, context, error);
    throw error;
  }
}
