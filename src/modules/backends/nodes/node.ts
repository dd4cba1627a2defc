import { isIP } from 'node:net';
import * as z from 'zod';
import type { Resource } from '../../../kubernetes/kind.ts';

/** The facts of a Node (v1) that matter here. */
export interface NodeFacts {
  readonly name: string;
  /** Its `InternalIP`, IPv4 where it has one; null: none that is an address. */
  readonly address: string | null;
  /** The label node.kubernetes.io/exclude-from-external-load-balancers, whatever its value. */
  readonly isExcluded: boolean;
  /** The cluster autoscaler is about to remove it (taint ToBeDeletedByClusterAutoscaler). */
  readonly isLeaving: boolean;
}

const excluded = 'node.kubernetes.io/exclude-from-external-load-balancers';
const leaving = 'ToBeDeletedByClusterAutoscaler';

const nodeSchema = z
  .object({
    metadata: z.object({
      name: z.string().min(1),
      labels: z.record(z.string(), z.string()).nullish(),
    }),
    spec: z.object({ taints: z.array(z.object({ key: z.string() })).nullish() }).nullish(),
    status: z
      .object({
        addresses: z.array(z.object({ type: z.string(), address: z.string() })).nullish(),
      })
      .nullish(),
  })
  .transform(({ metadata: { name, labels }, spec, status }): NodeFacts => {
    const own = (status?.addresses ?? [])
      .filter(({ type, address }) => type === 'InternalIP' && !address.includes('%'))
      .map(({ address }) => address);
    const address = own.find((each) => isIP(each) === 4) ?? own.find((each) => isIP(each) === 6);
    return {
      name,
      address: address ?? null,
      isExcluded: labels?.[excluded] !== undefined,
      isLeaving: (spec?.taints ?? []).some(({ key }) => key === leaving),
    };
  });

/** A node says every few seconds that it is alive, which changes none of its facts. */
export const nodes: Resource<NodeFacts> = {
  ...{ group: '', version: 'v1', plural: 'nodes', isClusterWide: true, schema: nodeSchema },
  same: (left, right) =>
    left.address === right.address &&
    left.isExcluded === right.isExcluded &&
    left.isLeaving === right.isLeaving,
};
