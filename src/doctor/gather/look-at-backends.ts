import type { Config } from '../../config/values.ts';
import { parseServersState } from '../../haproxy/servers-state.ts';
import { command } from '../../haproxy/socket.ts';
import { connectWith } from '../../kubernetes/connection.ts';
import { asAppError } from '../../kubernetes/failures.ts';
import type { Named, Resource } from '../../kubernetes/kind.ts';
import { listAll } from '../../kubernetes/list.ts';
import { versionOf } from '../../model/program-version.ts';
import { endpointSlices, slicesOf } from '../../modules/backends/endpoints/slice-schema.ts';
import { type Wanted, wantedServers } from '../../modules/backends/endpoints/wanted.ts';
import { factsOf } from '../../modules/backends/file/facts.ts';
import { readBackend } from '../../modules/backends/file/read-backend.ts';
import { nodes } from '../../modules/backends/nodes/node.ts';
import { namedAs, services } from '../../modules/backends/nodes/service.ts';
import { wantedNodes } from '../../modules/backends/nodes/wanted-nodes.ts';
import { type BackendOf, backendsOf, paramsOf } from '../../modules/backends/options/parse.ts';
import { gatesOf } from '../../modules/backends/plan/gates.ts';
import { isOurs } from '../../modules/backends/plan/plan.ts';
import { haproxyEnv } from '../../modules/peers/haproxy-env.ts';
import type { BackendFact, Facts } from '../facts.ts';
import { answerMs, looked } from './looked.ts';

/** As it is now, from lists. */
async function wantedNow(
  config: Config,
  { namespace, service, port }: BackendOf,
  signal: AbortSignal,
): Promise<Wanted> {
  const connection = await connectWith(config.kubeconfig, { context: config.context })();
  async function list<Facts extends Named>(
    resource: Resource<Facts>,
    selector = '',
    fieldSelector?: string,
  ) {
    const options = { namespace, selector, fieldSelector, signal, answerMs };
    try {
      return (await listAll(connection, resource, options)).objects;
    } catch (error) {
      throw asAppError(error, { namespace, verb: 'list', kind: resource });
    }
  }
  try {
    const slices = (await list(endpointSlices, slicesOf(service))).values();
    if (config.address === 'pod') return wantedServers(slices, { port, zone: config.zone });
    const found = await list(services, '', namedAs(service));
    const all = (await list(nodes)).values();
    return wantedNodes({ slices, nodes: all, service: found.get(service) ?? null, port });
  } finally {
    connection.close();
  }
}

async function lookAtEndpoints(config: Config, of: BackendOf, signal: AbortSignal) {
  const { servers, notes } = await wantedNow(config, of, signal);
  const count = (state: string) => servers.filter((each) => each.state === state).length;
  return { up: count('up'), drain: count('drain'), maint: count('maint'), notes };
}

/** Undefined: without `--backend`. `version`: of the HAProxy that runs; null: not known. */
export async function lookAtBackends(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  { configText, admin }: Pick<Facts, 'configText' | 'admin'>,
  signal: AbortSignal,
): Promise<readonly BackendFact[] | undefined> {
  const all = backendsOf(config.backend, config.namespace);
  if (all.length === 0) return undefined;
  const version = admin.ok ? versionOf(admin.value.version) : null;
  const variables = haproxyEnv(config, env);
  const params = paramsOf(config.serverParams ?? '');

  function lookAtFile(backend: string): BackendFact['file'] {
    if (!configText.ok) return null;
    const read = readBackend(configText.value, backend, variables);
    if (read.kind === 'none') return { missing: read.why, refuses: null };
    if (version === null) return null;
    const { refuses } = factsOf(configText.value, backend, { env: variables, params, version });
    return { missing: null, refuses };
  }

  async function lookAtRunning(backend: string) {
    const text = await command(config.adminSocket, `show servers state ${backend}`, { signal });
    const servers = parseServersState(text);
    const ours = servers?.filter((each) => isOurs(each) && !each.inMaintenance);
    const held = version === null ? null : gatesOf(version, null, config.dynamic).add;
    return { used: ours?.length ?? null, held };
  }

  return Promise.all(
    all.map(async (of): Promise<BackendFact> => {
      const { backend, namespace, service, port } = of;
      return {
        name: backend,
        service: `${namespace}/${service}${port === null ? '' : `:${port}`}`,
        endpoints: await looked(() => lookAtEndpoints(config, of, signal)),
        file: lookAtFile(backend),
        running: await looked(() => lookAtRunning(backend)),
      };
    }),
  );
}
