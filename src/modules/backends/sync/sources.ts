import type { Config } from '../../../config/values.ts';
import { type Connect, connectWith } from '../../../kubernetes/connection.ts';
import type { Named, Resource } from '../../../kubernetes/kind.ts';
import type { Log } from '../../../log.ts';
import { endpointSlices, slicesOf } from '../endpoints/slice-schema.ts';
import { type Wanted, wantedServers } from '../endpoints/wanted.ts';
import { nodes } from '../nodes/node.ts';
import { namedAs, services } from '../nodes/service.ts';
import { wantedNodes } from '../nodes/wanted-nodes.ts';
import type { BackendOf } from '../options/parse.ts';
import { type Followed, follow } from './follow.ts';

export interface SourcesOptions {
  readonly config: Pick<Config, 'address' | 'zone' | 'kubeconfig' | 'context' | 'relistInterval'>;
  readonly log: Log;
  /** What is known for this backend is something else. */
  readonly onChange: (backend: string) => void;
  /** Why the API server is not heard about this backend; null: it is. */
  readonly onTrouble: (backend: string, trouble: string | null) => void;
}

export interface Sources {
  /** Null: not known yet. */
  wanted(of: BackendOf): Wanted | null;
  /** Until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Follows what the backends need: slices of their Services, and with `--address node` the Services and all nodes. Each once. */
export function createSources(options: SourcesOptions, all: readonly BackendOf[]): Sources {
  const { config, log, onChange, onTrouble } = options;
  const connect: Connect = connectWith(config.kubeconfig, { context: config.context });
  const running: Followed<unknown>[] = [];
  /** By backend, of each kind of object. */
  const troubles = new Map(all.map(({ backend }) => [backend, new Map<string, string>()]));

  function heard(backend: string, kind: string, trouble: string | null): void {
    const known = troubles.get(backend);
    if (trouble === null) known?.delete(kind);
    else known?.set(kind, trouble);
    onTrouble(
      backend,
      known === undefined || known.size === 0 ? null : [...known.values()].join('; '),
    );
  }

  function followed<Facts extends Named>(
    resource: Resource<Facts>,
    mine: readonly BackendOf[],
    where: {
      readonly namespace: string;
      readonly selector: string;
      readonly fieldSelector?: string;
    },
  ): Followed<Facts> {
    const one = follow(resource, {
      ...{ ...where, log, connect, relistMs: config.relistInterval },
      onChange() {
        for (const { backend } of mine) onChange(backend);
      },
      onTrouble(trouble) {
        for (const { backend } of mine) heard(backend, resource.plural, trouble);
      },
    });
    running.push(one);
    return one;
  }

  function serviceOf(mine: readonly BackendOf[], { namespace, service }: BackendOf) {
    return {
      slices: followed(endpointSlices, mine, { namespace, selector: slicesOf(service) }),
      object:
        config.address === 'node'
          ? followed(services, mine, { namespace, selector: '', fieldSelector: namedAs(service) })
          : null,
    };
  }

  const keyOf = ({ namespace, service }: BackendOf) => `${namespace}/${service}`;
  const byService = new Map(
    [...Map.groupBy(all, keyOf)].map(([key, mine]) => [key, serviceOf(mine, mine[0] as BackendOf)]),
  );
  const allNodes =
    config.address === 'node' ? followed(nodes, all, { namespace: '', selector: '' }) : null;

  return {
    wanted(of) {
      const source = byService.get(keyOf(of));
      const slices = source?.slices.objects() ?? null;
      if (slices === null) return null;
      const { port } = of;
      if (allNodes === null) return wantedServers(slices, { port, zone: config.zone });
      const found = source?.object?.objects() ?? null;
      const known = allNodes.objects();
      if (found === null || known === null) return null;
      const [service = null] = found;
      return wantedNodes({ slices, nodes: known, service, port });
    },
    async run(signal) {
      await Promise.all(running.map((each) => each.run(signal)));
    },
  };
}
