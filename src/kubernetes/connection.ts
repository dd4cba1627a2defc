import { existsSync } from 'node:fs';
import { Agent, type RequestOptions } from 'node:https';
import { delimiter } from 'node:path';
import { AppError, errorMessage } from '../errors.ts';
import { quoted } from '../model/names.ts';
import type { KubeConfig } from './kube-config.ts';

/** Address and credentials of the API server, as loaded at one moment. */
export interface Connection {
  readonly server: string;
  /** Of the kubeconfig's context, or of the service account. */
  readonly namespace?: string | undefined;
  /** TLS material, agent and headers for one request. Reads the token file when its copy is old. */
  options(): Promise<RequestOptions>;
  /** Closes connections that are kept open between requests. */
  close(): void;
}

export type Connect = () => Promise<Connection>;

/** TCP keep-alive after this silence: a peer that is gone is noticed within 20 s (Node probes ten times, 1 s apart). */
const keepAliveMsecs = 10_000;

export interface ConnectOptions {
  /** Put before the paths of the service account. */
  readonly root?: string;
  /** Of the kubeconfig, in place of its current one. */
  readonly context?: string | undefined;
}

/**
 * Loads a kubeconfig file, or several as KUBECONFIG names them, or without a path the pod's own service account (CA and token file under
 * /var/run/secrets/kubernetes.io/serviceaccount). Called again after a failure, because
 * KubeConfig reads CA, certificates and kubeconfig once and the token once a minute.
 * The library is loaded here, at the first use: it costs 3 MiB bundled and 85 unbundled, which a file source need not pay.
 */
export function connectWith(path?: string, { root = '', context }: ConnectOptions = {}): Connect {
  return async function connect(): Promise<Connection> {
    const { KubeConfig } = await import('./kube-config.ts');
    const config = new KubeConfig();
    const loaded = (file: string) => {
      const other = new KubeConfig();
      other.loadFromFile(file);
      return other;
    };
    try {
      if (path === undefined) config.loadFromCluster(root);
      else for (const file of filesOf(path)) merge(config, loaded(file));
      if (context !== undefined) useContext(config, context);
    } catch (error) {
      throw unusable(`The kubeconfig ${path ?? ''} cannot be used: ${errorMessage(error)}`, error);
    }
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw unusable(`The kubeconfig ${path} has no current cluster.`);
    if (cluster.server.includes('undefined')) {
      throw unusable('KUBERNETES_SERVICE_HOST is not set: this is no pod of a cluster.');
    }
    // KubeConfig's own agent closes each connection after one request; only its proxy agents are needed.
    const agent = new Agent({ keepAlive: true, keepAliveMsecs, maxSockets: 4 });
    return {
      namespace: config.getContextObject(config.getCurrentContext())?.namespace,
      server: cluster.server.replace(/\/$/, ''),
      async options() {
        const options: RequestOptions = {};
        try {
          await config.applyToHTTPSOptions(options);
        } catch (error) {
          throw unusable(
            `The credentials for the API server cannot be read: ${errorMessage(error)}`,
            error,
          );
        }
        const headers = trimmed(options.headers);
        return cluster.proxyUrl ? { ...options, headers } : { ...options, headers, agent };
      },
      close() {
        agent.destroy();
      },
    };
  };
}

/** The existing files among those in KUBECONFIG. A single file must exist. */
function filesOf(path: string): readonly string[] {
  const files = path.split(delimiter).filter((file) => file !== '');
  return files.length > 1 ? files.filter((file) => existsSync(file)) : files;
}

/** As kubectl does it: of two of one name, and of two current contexts, the first counts. */
function merge(config: KubeConfig, other: KubeConfig): void {
  const names = (all: readonly { readonly name: string }[]) => new Set(all.map(({ name }) => name));
  const [clusters, users, contexts] = [
    names(config.clusters ?? []),
    names(config.users ?? []),
    names(config.contexts ?? []),
  ];
  other.clusters = other.clusters.filter(({ name }) => !clusters.has(name));
  other.users = other.users.filter(({ name }) => !users.has(name));
  other.contexts = other.contexts.filter(({ name }) => !contexts.has(name));
  config.mergeConfig(other, Boolean(config.currentContext));
}

function useContext(config: KubeConfig, context: string): void {
  const names = config.getContexts().map(({ name }) => name);
  if (!names.includes(context))
    throw new Error(`it has no context ${quoted(context)}, but ${names.join(', ') || 'none'}`);
  config.setCurrentContext(context);
}

/** A token file that ends in a newline is common, and Node refuses such a header. */
function trimmed(headers: RequestOptions['headers']): Record<string, string> {
  const entries = Object.entries(headers ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value).trim()]));
}

function unusable(message: string, cause?: unknown): AppError {
  return new AppError('KUBERNETES_UNREACHABLE', message, {
    cause,
    hint: 'In a pod: serviceAccountName and automountServiceAccountToken; elsewhere give --kubeconfig, or use the file source.',
  });
}
