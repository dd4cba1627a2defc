import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { eventually } from '../helpers/eventually.ts';
import { type Kubectl, kubectlIn } from './kubectl.ts';
import { Replica } from './replica.ts';

const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
      status: z.object({
        containerStatuses: z
          .array(z.object({ name: z.string(), restartCount: z.number() }))
          .optional(),
        initContainerStatuses: z
          .array(z.object({ name: z.string(), restartCount: z.number() }))
          .optional(),
      }),
    }),
  ),
});

export type Workload = 'deployment' | 'statefulset' | 'daemonset';

/** A namespace of its own, with an example in it. */
export class Stage {
  readonly workload: Workload;

  readonly namespace = `peer-sync-e2e-${randomUUID().slice(0, 8)}`;
  readonly kubectl: Kubectl = kubectlIn(this.namespace);
  /** Every line that a sidecar or init container wrote and that was seen, by pod. */
  readonly logs = new Map<string, string>();

  constructor(workload: Workload = 'deployment') {
    this.workload = workload;
  }

  /** Pods that break the Pod Security Standard of that name cannot exist in it. */
  async open(standard: 'restricted' | 'baseline' | 'privileged' = 'restricted'): Promise<void> {
    await this.kubectl(['create', 'namespace', this.namespace]);
    await this.kubectl([
      'label',
      'namespace',
      this.namespace,
      `pod-security.kubernetes.io/enforce=${standard}`,
    ]);
  }

  async close(): Promise<void> {
    await this.kubectl(['delete', 'namespace', this.namespace, '--wait=false']);
  }

  async rolledOut(name = `${this.workload}/haproxy`): Promise<void> {
    await this.kubectl(['rollout', 'status', name, '--timeout=240s']);
  }

  async #pods(): Promise<z.infer<typeof podList>['items']> {
    const text = await this.kubectl(['get', 'pods', '-l', 'app=haproxy', '-o', 'json']);
    return podList.parse(JSON.parse(text)).items;
  }

  /** Waits until exactly `count` pods are there, those that terminate left out. */
  async replicas(count: number): Promise<readonly Replica[]> {
    return await eventually(
      async () => {
        const all = await this.#pods();
        const pods = all.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
        if (pods.length !== count) throw new Error(`${pods.length} pods, not ${count}`);
        await this.collectLogs();
        return pods.map((pod) => new Replica(pod.metadata.name, this.kubectl));
      },
      { timeoutMs: 120_000, intervalMs: 500 },
    );
  }

  /** The pods that are there now, those that terminate left out. */
  async present(): Promise<readonly Replica[]> {
    const pods = await this.#pods();
    return pods
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => new Replica(metadata.name, this.kubectl));
  }

  /** As `kubectl drain` does: the disruption budget has a say. */
  async evict(pod: string): Promise<void> {
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod, namespace: this.namespace },
    };
    const path = `/api/v1/namespaces/${this.namespace}/pods/${pod}/eviction`;
    await this.kubectl(['create', '--raw', path, '-f', '-'], JSON.stringify(eviction));
  }

  /** Container restarts over all pods. */
  async restarts(): Promise<number> {
    const pods = await this.#pods();
    return pods
      .flatMap(({ status }) => [
        ...(status.containerStatuses ?? []),
        ...(status.initContainerStatuses ?? []),
      ])
      .reduce((sum, container) => sum + container.restartCount, 0);
  }

  /** Keeps what the pods have logged up to now: a deleted pod takes its logs with it. */
  async collectLogs(): Promise<void> {
    for (const pod of await this.#pods()) {
      const parts = await Promise.all(
        ['haproxy-peer-sync-init', 'haproxy-peer-sync'].map((container) =>
          this.kubectl(['logs', pod.metadata.name, '-c', container]).catch(() => ''),
        ),
      );
      this.logs.set(pod.metadata.name, parts.join(''));
    }
  }

  /** What a person would look at first when a test has failed. */
  async report(): Promise<string> {
    const views = [
      ['get', 'pods', '-o', 'wide'],
      ['get', 'events', '--sort-by=.lastTimestamp'],
    ];
    const names = (await this.kubectl(['get', 'pods', '-o', 'name']).catch(() => ''))
      .split('\n')
      .filter((name) => name !== '');
    const logsOf = (name: string) => ['logs', name, '--all-containers', '--prefix', '--tail=25'];
    const texts = await Promise.all(
      [...views, ...names.map(logsOf)].map((args) => this.kubectl(args).catch(String)),
    );
    await this.collectLogs().catch(() => {});
    const logs = [...this.logs].map(([pod, text]) => `--- ${pod}\n${text.slice(-3000)}`);
    return [...texts, ...logs].join('\n');
  }

  /** Waits until the pods that terminate are gone. */
  async settled(): Promise<void> {
    await eventually(
      async () => (await this.#pods()).every((pod) => !pod.metadata.deletionTimestamp),
      { timeoutMs: 120_000, intervalMs: 500 },
    );
  }
}
