import type { Config } from '../../config/values.ts';
import { parseServersState } from '../../haproxy/servers-state.ts';
import { command } from '../../haproxy/socket.ts';
import { connectWith } from '../../kubernetes/connection.ts';
import { asAppError } from '../../kubernetes/failures.ts';
import { listAll } from '../../kubernetes/list.ts';
import { versionOf } from '../../model/program-version.ts';
import { wantedServers } from '../../modules/backends/endpoints/wanted.ts';
import { factsOf } from '../../modules/backends/file/facts.ts';
import { readBackend } from '../../modules/backends/file/read-backend.ts';
import { type BackendOf, backendsOf, paramsOf } from '../../modules/backends/options/parse.ts';
import { gatesOf } from '../../modules/backends/plan/gates.ts';
import { isOurs } from '../../modules/backends/plan/plan.ts';
import { endpointSlices } from '../../modules/backends/sync/follow.ts';
import { haproxyEnv } from '../../modules/peers/haproxy-env.ts';
import type { BackendFact, Facts } from '../facts.ts';
import { answerMs, looked } from './looked.ts';

async function lookAtEndpoints(
  config: Config,
  { namespace, service, port }: BackendOf,
  signal: AbortSignal,
) {
  const connection = await connectWith(config.kubeconfig, { context: config.context })();
  try {
    const selector = `kubernetes.io/service-name=${service}`;
    const options = { namespace, selector, signal, answerMs };
    const { objects } = await listAll(connection, endpointSlices, options);
    const { servers, notes } = wantedServers(objects.values(), { port, zone: config.zone });
    const count = (state: string) => servers.filter((each) => each.state === state).length;
    return { up: count('up'), drain: count('drain'), maint: count('maint'), notes };
  } catch (error) {
    throw asAppError(error, { namespace, verb: 'list', kind: endpointSlices });
  } finally {
    connection.close();
  }
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
