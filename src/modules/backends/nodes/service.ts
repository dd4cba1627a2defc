import * as z from 'zod';
import type { Resource } from '../../../kubernetes/kind.ts';

export interface ServicePort {
  /** Empty: it has one port without a name. */
  readonly name: string;
  readonly port: number;
  /** Null: it is of type ClusterIP, or has not got one yet. */
  readonly nodePort: number | null;
}

/** The facts of a Service (v1) that matter here. */
export interface ServiceFacts {
  readonly name: string;
  /** Those that are TCP. */
  readonly ports: readonly ServicePort[];
  /** externalTrafficPolicy Local: a node serves with its own pods alone. */
  readonly isLocal: boolean;
}

const serviceSchema = z
  .object({
    metadata: z.object({ name: z.string().min(1) }),
    spec: z
      .object({
        externalTrafficPolicy: z.string().nullish(),
        ports: z
          .array(
            z.object({
              name: z.string().nullish(),
              port: z.number(),
              nodePort: z.number().nullish(),
              protocol: z.string().nullish(),
            }),
          )
          .nullish(),
      })
      .nullish(),
  })
  .transform(
    ({ metadata, spec }): ServiceFacts => ({
      ...metadata,
      isLocal: spec?.externalTrafficPolicy === 'Local',
      ports: (spec?.ports ?? [])
        .filter(({ protocol }) => (protocol ?? 'TCP') === 'TCP')
        .map(({ name, port, nodePort }) => ({
          ...{ name: name ?? '', port },
          nodePort: nodePort || null,
        })),
    }),
  );

export const services: Resource<ServiceFacts> = {
  ...{ group: '', version: 'v1', plural: 'services', schema: serviceSchema },
  same: (left, right) => JSON.stringify(left) === JSON.stringify(right),
};

/** The field selector of the Service of this name. */
export function namedAs(service: string): string {
  return `metadata.name=${service}`;
}
