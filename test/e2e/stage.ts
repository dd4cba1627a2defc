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

/** A namespace of its own, with the example in it. */
export class Stage {
  readonly namespace = `peer-sync-e2e-${randomUUID().slice(0, 8)}`;
  readonly kubectl: Kubectl = kubectlIn(this.namespace);
  /** Every line that a sidecar or init container wrote and that was seen, by pod. */
  readonly logs = new Map<string, string>();

  /** Pods that break the restricted Pod Security Standard cannot exist in it. */
  async open(): Promise<void> {
    await this.kubectl(['create', 'namespace', this.namespace]);
    await this.kubectl([
      'label',
      'namespace',
      this.namespace,
      'pod-security.kubernetes.io/enforce=restricted',
    ]);
  }

  async close(): Promise<void> {
    await this.kubectl(['delete', 'namespace', this.namespace, '--wait=false']);
  }

  async rolledOut(): Promise<void> {
    await this.kubectl(['rollout', 'status', 'deployment/haproxy', '--timeout=240s']);
  }

  async #pods(): Promise<z.infer<typeof podList>['items']> {
    const text = await this.kubectl(['get', 'pods', '-l', 'app=haproxy', '-o', 'json']);
    return podList.parse(JSON.parse(text)).items;
  }

  /** Waits until there are exactly `count` pods, those that terminate included. */
  async replicas(count: number): Promise<readonly Replica[]> {
    return await eventually(
      async () => {
        const pods = await this.#pods();
        if (pods.length !== count) throw new Error(`${pods.length} pods, not ${count}`);
        await this.collectLogs();
        return pods.map((pod) => new Replica(pod.metadata.name, this.kubectl));
      },
      { timeoutMs: 120_000, intervalMs: 500 },
    );
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
    const texts = await Promise.all(views.map((args) => this.kubectl(args).catch(String)));
    await this.collectLogs().catch(() => {});
    const logs = [...this.logs].map(([pod, text]) => `--- ${pod}\n${text.slice(-3000)}`);
    return [...texts, ...logs].join('\n');
  }
}
