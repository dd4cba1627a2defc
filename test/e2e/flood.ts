import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Stage } from './stage.ts';

const script = readFileSync(new URL('./flood.cjs', import.meta.url), 'utf8');
const schema = z.object({ connections: z.number(), bytes: z.number() });

/** How often the flood is told who the replicas are, in milliseconds. */
const followMs = 500;

/** A pod that floods the sidecars of all replicas, those that come while it does included. */
export class Flood {
  readonly #stage: Stage;
  #ended = false;
  #following: Promise<void> = Promise.resolve();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async start(): Promise<void> {
    const container = {
      name: 'flood',
      image: 'haproxy-peer-sync:dev',
      imagePullPolicy: 'IfNotPresent',
      command: ['node', '-e', script],
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      },
    };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'flood', labels: { app: 'flood' } },
      spec: {
        containers: [container],
        terminationGracePeriodSeconds: 0,
        enableServiceLinks: false,
      },
    };
    const { kubectl } = this.#stage;
    await kubectl(['apply', '-f', '-'], JSON.stringify(pod));
    await kubectl(['wait', '--for=condition=Ready', 'pod/flood', '--timeout=60s']);
    await this.#ask('PUT', await this.#addresses());
    this.#following = this.#follow();
  }

  /** What was sent. */
  async stop(): Promise<z.infer<typeof schema>> {
    this.#ended = true;
    await this.#following;
    return await this.#ask('PUT', []);
  }

  async #follow(): Promise<void> {
    while (!this.#ended) {
      await sleep(followMs);
      await this.#addresses()
        .then((addresses) => this.#ask('PUT', addresses))
        .catch(() => {});
    }
  }

  async #addresses(): Promise<readonly string[]> {
    const path = 'jsonpath={.items[*].status.podIP}';
    const text = await this.#stage.kubectl(['get', 'pods', '-l', 'app=haproxy', '-o', path]);
    return text.split(' ').filter((address) => address !== '');
  }

  async #ask(method: 'PUT', targets: readonly string[]): Promise<z.infer<typeof schema>> {
    const body = JSON.stringify(JSON.stringify(targets));
    const code = `fetch('http://127.0.0.1:9000',{method:'${method}',body:${body}}).then((r)=>r.text()).then(console.log)`;
    const text = await this.#stage.kubectl(['exec', 'flood', '--', 'node', '-e', code]);
    return schema.parse(JSON.parse(text));
  }
}
