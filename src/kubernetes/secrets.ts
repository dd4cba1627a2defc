import * as z from 'zod';
import { AppError, errorMessage, RemoteError } from '../errors.ts';
import type { Connection } from './connection.ts';
import { startDeadline } from './deadline.ts';
import { sendJson } from './request.ts';

/** A Secret by its name. */
export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

const answerMs = 5000;

const secretSchema = z.object({ data: z.record(z.string(), z.string()).optional() });

/** The rules a Role must have, on one line of YAML: `create` cannot be limited to a name (Kubernetes RBAC). */
export function neededSecretRules(name: string): string {
  return `{apiGroups: [""], resources: ["secrets"], verbs: ["create"]}, {apiGroups: [""], resources: ["secrets"], resourceNames: ["${name}"], verbs: ["get"]}`;
}

function refused(verb: 'get' | 'create', of: SecretName, status: number, message: string) {
  const what = `The API server answers ${status} to ${verb} the Secret ${of.name} in namespace ${of.namespace}: ${message}`;
  const details = { retryable: true, status, stage: verb };
  if (status === 401) return new RemoteError('KUBERNETES_UNAUTHORIZED', what, details);
  if (status === 403)
    return new RemoteError('KUBERNETES_FORBIDDEN', what, {
      ...details,
      hint: `Add these rules to a Role in namespace ${of.namespace} and bind it to the pod's service account: ${neededSecretRules(of.name)}`,
    });
  const code = status === 429 || status >= 500 ? 'KUBERNETES_UNREACHABLE' : 'KUBERNETES_BAD_ANSWER';
  return new RemoteError(code, what, details);
}

/** What the API server answers. `AppError` of the codes KUBERNETES_…, none of which quotes what was sent. */
async function send(
  connection: Connection,
  verb: 'get' | 'create',
  of: SecretName,
  object: unknown,
  signal: AbortSignal,
) {
  const collection = `/api/v1/namespaces/${encodeURIComponent(of.namespace)}/secrets`;
  const path = verb === 'get' ? `${collection}/${encodeURIComponent(of.name)}` : collection;
  const deadline = startDeadline(signal, answerMs, `${verb} secrets`);
  try {
    const method = verb === 'get' ? 'GET' : 'POST';
    return await sendJson(connection, method, path, object, deadline.signal);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const what = `The API server cannot be reached to ${verb} secrets: ${errorMessage(error)}`;
    const details = { retryable: true, stage: verb, cause: error };
    throw new RemoteError('KUBERNETES_UNREACHABLE', what, details);
  } finally {
    deadline.clear();
  }
}

/** The text of one of its keys, undefined without that key; null: there is no such Secret. Throws as `send` does. */
export async function readSecret(
  connection: Connection,
  of: SecretName,
  key: string,
  signal: AbortSignal,
): Promise<string | undefined | null> {
  const { status, message, body } = await send(connection, 'get', of, undefined, signal);
  if (status === 404) return null;
  if (status !== 200) throw refused('get', of, status, message);
  const value = secretSchema.safeParse(body).data?.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString();
}

/** False: it is there already, and stays as it is. Throws as `send` does. */
export async function createSecret(
  connection: Connection,
  of: SecretName,
  data: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<boolean> {
  const object = {
    ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque', stringData: data },
    metadata: { ...of, labels: { 'app.kubernetes.io/managed-by': 'haproxy-peer-sync' } },
  };
  const { status, message } = await send(connection, 'create', of, object, signal);
  if (status === 409) return false;
  if (status !== 201) throw refused('create', of, status, message);
  return true;
}
