import { expect } from 'vitest';
import { z } from 'zod';
import { eventually } from '../helpers/eventually.ts';
import { figure, seconds } from './scenario.ts';
import type { Stage } from './stage.ts';

const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
      status: z.object({ podIP: z.string().optional() }),
    }),
  ),
});
const statuses = z.array(
  z.object({
    status: z.object({
      peers: z.array(z.object({ local: z.boolean(), established: z.boolean() })),
      tables: z.array(z.object({ name: z.string(), used: z.number() })),
    }),
  }),
);

/** A replica set that somebody has installed, looked at as they can: by the sidecar, whatever the image of HAProxy lacks. */
export class Installed {
  readonly #stage: Stage;
  readonly #workload: string;
  readonly #selector: string;
  readonly #count: number;
  readonly #port: number;

  constructor(
    stage: Stage,
    {
      workload,
      selector,
      count,
      port,
    }: { workload: string; selector: string; count: number; port: number },
  ) {
    this.#stage = stage;
    this.#workload = workload;
    this.#selector = selector;
    this.#count = count;
    this.#port = port;
  }

  async #pods() {
    const text = await this.#stage.kubectl(['get', 'pods', '-l', this.#selector, '-o', 'json']);
    const { items } = podList.parse(JSON.parse(text));
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  #ours(pod: string, ...command: readonly string[]): Promise<string> {
    return this.#stage.kubectl([
      ...['exec', pod, '-c', 'haproxy-peer-sync', '--', 'haproxy-peer-sync'],
      ...command,
    ]);
  }

  /** Waits until all replicas, and no more, are connected with all others and hold `entries` entries. */
  async #connected(entries: number): Promise<readonly string[]> {
    return await eventually(
      async () => {
        const pods = (await this.#pods()).map(({ metadata }) => metadata.name);
        expect(pods).toHaveLength(this.#count);
        for (const pod of pods) {
          const [one] = statuses.parse(JSON.parse(await this.#ours(pod, 'status', '--json')));
          const others = one?.status.peers.filter(({ local }) => !local) ?? [];
          expect(others.filter(({ established }) => established)).toHaveLength(this.#count - 1);
          expect(one?.status.tables.map(({ used }) => used)).toEqual([entries]);
        }
        return pods;
      },
      { timeoutMs: 90_000, intervalMs: 1000 },
    );
  }

  /** One request for a session, from a sidecar: its image has a client. */
  async #visit(pod: string, session: string): Promise<string> {
    const program = `fetch('http://127.0.0.1:${this.#port}/?session=${session}').then(async (r) => console.log(await r.text()))`;
    const exec = ['exec', pod, '-c', 'haproxy-peer-sync', '--', 'node', '-e', program];
    return (await this.#stage.kubectl(exec)).trim();
  }

  /** Which of `ports` take connections: at the Service from another pod, and at a pod from its sibling. */
  async reachable(service: string, ports: readonly number[]) {
    const [from, to] = await this.#pods();
    const address = await this.#stage.kubectl([
      ...['get', 'service', service, '-o', 'jsonpath={.spec.clusterIP}'],
    ]);
    const open = async (host: string) => {
      const program = `for (const port of [${ports.join()}]) {
        const socket = require('node:net').connect({ host: '${host}', port, timeout: 3000 });
        const end = () => socket.destroy();
        socket.on('connect', () => { console.log(port); end(); }).on('timeout', end).on('error', end);
      }`;
      const pod = from?.metadata.name ?? '';
      const exec = ['exec', pod, '-c', 'haproxy-peer-sync', '--', 'node', '-e', program];
      const text = await this.#stage.kubectl(exec);
      return text
        .split('\n')
        .filter(Boolean)
        .map(Number)
        .sort((a, b) => a - b);
    };
    return { service: await open(address), pod: await open(to?.status.podIP ?? '') };
  }

  async #restart(): Promise<void> {
    await this.#stage.kubectl(['rollout', 'restart', this.#workload]);
    await this.#stage.kubectl(['rollout', 'status', this.#workload, '--timeout=240s']);
  }

  /** Sessions between all, one counter for all, nothing that doctor calls a failure; then a rollout keeps the entry. */
  async works(): Promise<void> {
    const started = Date.now();
    await this.#stage.kubectl(['rollout', 'status', this.#workload, '--timeout=240s']);
    const [first = '', ...others] = await this.#connected(0);
    figure(`${this.#workload} in ${this.#stage.namespace}, connected after`, seconds(started));
    expect(await this.#visit(first, 'visitor')).toBe('requests=1');
    await this.#connected(1);
    expect(await this.#visit(others[0] ?? '', 'visitor')).toBe('requests=2');

    const findings = await Promise.all(others.map((pod) => this.#ours(pod, 'doctor')));
    expect(findings.join('\n')).not.toContain('FAILURE');
    expect(findings[0]).toMatch(/^ok +selector/m);

    await this.#restart();
    const [fresh = ''] = await this.#connected(1);
    expect(await this.#visit(fresh, 'visitor')).toBe('requests=3');
  }
}
