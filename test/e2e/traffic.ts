import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { eventually } from '../helpers/eventually.ts';
import type { Kubectl } from './kubectl.ts';
import type { Replica } from './replica.ts';

const counts = z.record(z.string(), z.number());
const schema = z.object({
  /** Keys that were answered with 200: number, when (milliseconds since the epoch), by which replica. */
  acked: z.array(z.tuple([z.number(), z.number(), z.string()])),
  refused: counts,
  statuses: counts,
  /** Connections that failed: why, when, and which address. */
  errors: z.array(z.tuple([z.string(), z.number(), z.string()])),
  retried: z.number(),
});

export type Account = z.infer<typeof schema>;

const script = readFileSync(new URL('./client.cjs', import.meta.url), 'utf8');

/** A pod that sends requests through the Service, as a user of it would; it needs no DNS. */
export class Traffic {
  readonly #kubectl: Kubectl;
  readonly #rate: number;
  readonly #prefix: string | undefined;

  /** `prefix`: of the path, before the number of the request; missing: one that makes an entry. */
  constructor(kubectl: Kubectl, rate = 200, prefix?: string) {
    this.#kubectl = kubectl;
    this.#rate = rate;
    this.#prefix = prefix;
  }

  /** Needs the Service to be there, and nobody behind it. */
  async start(): Promise<void> {
    const address = await this.#kubectl([
      ...['get', 'service', 'haproxy', '-o', 'jsonpath={.spec.clusterIP}'],
    ]);
    const env = [
      { name: 'TARGET', value: address },
      { name: 'RATE', value: String(this.#rate) },
      ...(this.#prefix === undefined ? [] : [{ name: 'PREFIX', value: this.#prefix }]),
    ];
    const securityContext = {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    };
    const container = {
      name: 'client',
      image: 'haproxy-peer-sync:dev',
      imagePullPolicy: 'IfNotPresent',
      command: ['node', '-e', script],
      env,
      securityContext,
    };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'client', labels: { app: 'client' } },
      spec: {
        containers: [container],
        terminationGracePeriodSeconds: 0,
        enableServiceLinks: false,
      },
    };
    await this.#kubectl(['apply', '-f', '-'], JSON.stringify(pod));
    await this.#kubectl(['wait', '--for=condition=Ready', 'pod/client', '--timeout=60s']);
  }

  /** What came back since the last account. */
  async account(): Promise<Account> {
    const ask = "fetch('http://127.0.0.1:9000').then((r)=>r.text()).then(console.log)";
    const text = await this.#kubectl(['exec', 'client', '--', 'node', '-e', ask]);
    return schema.parse(JSON.parse(text));
  }
}

export interface Missing {
  /** Answered keys that at least one replica lacks, and that all of them lack. */
  readonly somewhere: number;
  readonly everywhere: number;
  /** One line for each replica that answered such keys: how many, when, and who lacks them. */
  readonly details: readonly string[];
  /** By replica in how many moments it answered such keys. */
  readonly moments: ReadonlyMap<string, number>;
}

/**
 * All that a replica loses by one reload it has answered within this time, in milliseconds: what was in flight, and what
 * the old worker still writes for connections that it finishes, which was seen 0.9 s later on busy cores.
 */
const momentMs = 1000;

/** Which of the answered keys the replicas lack, once updates have had the time to arrive: 5 s at the most. */
export async function missingKeys(
  replicas: readonly Replica[],
  acked: Account['acked'],
): Promise<Missing> {
  let missing: Missing = {
    somewhere: acked.length,
    everywhere: acked.length,
    details: [],
    moments: new Map(),
  };
  const look = async () => {
    const held = await Promise.all(
      replicas.map(async (each) => ({ pod: each.pod, keys: await each.liveKeys() })),
    );
    const lacking = acked
      .map(([id, atMs, by]) => {
        return { atMs, by, at: held.filter(({ keys }) => !keys.has(id)).map(({ pod }) => pod) };
      })
      .filter(({ at }) => at.length > 0);
    missing = {
      somewhere: lacking.length,
      everywhere: lacking.filter(({ at }) => at.length === replicas.length).length,
      details: describe(lacking),
      moments: momentsOf(lacking),
    };
    return missing.somewhere === 0;
  };
  await eventually(look, { timeoutMs: 5000, intervalMs: 500 }).catch(() => {});
  return missing;
}

interface Lacking {
  readonly atMs: number;
  readonly by: string;
  readonly at: readonly string[];
}

function describe(lacking: readonly Lacking[]): readonly string[] {
  const groups = Map.groupBy(lacking, ({ by, at }) => `answered by ${by}, missing at ${at}`);
  return [...groups].map(([what, some]) => {
    const times = some.map(({ atMs }) => new Date(atMs).toISOString().slice(14, 23)).sort();
    return `${some.length} ${what}: ${times[0]} to ${times.at(-1)}`;
  });
}

function momentsOf(lacking: readonly Lacking[]): ReadonlyMap<string, number> {
  const moments = new Map<string, number>();
  for (const [by, some] of Map.groupBy(lacking, (each) => each.by)) {
    let count = 0;
    let first = Number.NEGATIVE_INFINITY;
    for (const at of some.map(({ atMs }) => atMs).sort((a, b) => a - b)) {
      if (at - first < momentMs) continue;
      first = at;
      count += 1;
    }
    moments.set(by, count);
  }
  return moments;
}
