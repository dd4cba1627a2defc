import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { eventually } from '../helpers/eventually.ts';
import { unless } from '../helpers/skip.ts';
import { noCluster } from './no-cluster.ts';
import type { Replica } from './replica.ts';
import { allKeep, entries, figure, seconds } from './scenario.ts';
import { Split, whyNoSplit } from './split.ts';
import { Stage } from './stage.ts';

const noSplit = noCluster ?? whyNoSplit();
const limitMs = 20_000;
/** So long that the ports are open again before it is over, on a slow machine as well. */
const longLimitMs = 120_000;

interface Ports {
  readonly peers: number;
  readonly status: number;
}

const usual: Ports = { peers: 3000, status: 8405 };
const others: Ports = { peers: 3001, status: 8406 };

/** The example with short limits, and with these ports in its pod template. */
function manifestWith(example: string, ports: Ports, repairLimitMs = limitMs): string {
  const documents = parseAllDocuments(example).map((each) => each.toJS());
  for (const { kind, spec } of documents) {
    if (kind !== 'Deployment') continue;
    // Ends the pause of the first test in the same moment as it takes the template back.
    spec.paused = false;
    const [init, sidecar] = spec.template.spec.initContainers;
    const args = [`--peers-port=${ports.peers}`, `--listen=:${ports.status}`];
    init.args.push(...args, '--silence-limit=3s');
    sidecar.args.push(...args, `--repair-limit=${repairLimitMs}ms`);
    sidecar.ports[0].containerPort = ports.status;
  }
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: documents });
}

describe('ports that are closed between two revisions', unless(noCluster), () => {
  const stage = new Stage();
  const split = new Split();
  let example = '';
  let old: readonly Replica[] = [];

  beforeAll(async () => {
    await stage.open();
    example = await stage.kubectl(['kustomize', 'examples/deployment']);
    const started = Date.now();
    await stage.kubectl(['apply', '-f', '-'], manifestWith(example, usual));
    await stage.rolledOut();
    figure('first start of 3 replicas', seconds(started));
    old = await stage.replicas(3);
    await old[0]?.fill(entries);
    await allKeep(old);
  });
  afterAll(() => {
    split.open();
    return stage.close();
  });

  function isOld({ pod }: Replica): boolean {
    return old.some((each) => each.pod === pod);
  }

  /** The new pod, once it has said as an Event that it hears nobody. */
  async function unheard(): Promise<Replica> {
    return await eventually(
      async () => {
        const young = (await stage.present()).find((replica) => !isOld(replica));
        const events = await stage.kubectl([
          ...['get', 'events', '-o', 'jsonpath={.items[*].type}'],
          '--field-selector',
          `reason=SiblingsUnheard,involvedObject.name=${young?.pod}`,
        ]);
        if (young === undefined || events !== 'Warning') throw new Error('no Event of a new pod');
        return young;
      },
      { timeoutMs: 60_000, intervalMs: 250 },
    );
  }

  async function isReady({ pod }: Replica): Promise<boolean> {
    const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
    return (await stage.kubectl(['get', 'pod', pod, '-o', path])) === 'True';
  }

  /** When the sidecar of a pod has said this, in milliseconds since the epoch. */
  async function saidAt({ pod }: Replica, msg: string): Promise<number> {
    await stage.collectLogs();
    const line = (stage.logs.get(pod) ?? '').split('\n').find((each) => each.includes(msg));
    if (line === undefined) throw new Error(`${pod} has not said: ${msg}`);
    expect(line).toContain('"code":"SIBLINGS_UNHEARD"');
    return Date.parse(JSON.parse(line).time);
  }

  it('by other ports in the template keep a new pod from being ready until --repair-limit', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const started = Date.now();
    await stage.kubectl(['apply', '-f', '-'], manifestWith(example, others));

    const young = await unheard();

    figure('Event SiblingsUnheard of another port', `after ${seconds(started)}`);
    expect(await isReady(young)).toBe(false);
    // An operator who stops the rollout while there is time: what becomes ready then replaces nobody.
    await stage.kubectl(['rollout', 'pause', 'deployment/haproxy']);
    await eventually(() => isReady(young), { timeoutMs: 60_000, intervalMs: 500 });
    const warnedMs = await saidAt(young, 'not ready: no answer from peers that may hold entries');
    const readyMs = await saidAt(
      young,
      'ready although peers that may hold entries did not answer',
    );
    figure(
      '  ready although peers that may hold entries did not answer',
      `${seconds(started)}, ${readyMs - warnedMs} ms after the warning`,
    );
    // It warns 6 s after its first look.
    expect(readyMs - warnedMs).toBeGreaterThanOrEqual(limitMs - 6000 - 1500);
    expect(await young.entries()).toBe(0);
    expect((await stage.replicas(4)).filter(isOld)).toHaveLength(3);

    await stage.kubectl(['apply', '-f', '-'], manifestWith(example, usual));
    await stage.rolledOut();
    const kept = await stage.replicas(3);
    expect(kept.every(isOld)).toBe(true);
    await allKeep(kept);
    figure(
      '  taken back',
      `${entries} of ${entries} entries on each of 3; ${seconds(started)} in all`,
    );
  });

  it(
    'by a policy that rejects hold up the rollout, and once they are open it ends with every entry',
    unless(noSplit),
    async () => {
      onTestFailed(async () => console.log(await stage.report()));
      const path = 'jsonpath={.items[*].status.podIP}';
      const addresses = await stage.kubectl(['get', 'pods', '-l', 'app=haproxy', '-o', path]);
      split.close(addresses.split(' '), [usual.peers, usual.status]);
      const started = Date.now();
      await stage.kubectl(['apply', '-f', '-'], manifestWith(example, usual, longLimitMs));

      const young = await unheard();

      figure('Event SiblingsUnheard of a policy', `after ${seconds(started)}`);
      await saidAt(young, 'not ready: no answer from peers that may hold entries');
      expect(await isReady(young)).toBe(false);
      expect((await stage.present()).filter(isOld)).toHaveLength(3);
      await allKeep(old);
      split.open();
      const opened = Date.now();
      await stage.rolledOut();
      const replicas = await stage.replicas(3);
      expect(replicas.some(isOld)).toBe(false);
      await allKeep(replicas);
      figure(
        '  opened, and rolled out',
        `${seconds(opened)}; ${entries} of ${entries} entries on each of 3 new ones`,
      );
      expect(await stage.restarts()).toBe(0);
    },
  );

  it('open, a rollout restart takes no longer for all this', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    await stage.settled();
    const started = Date.now();
    await stage.kubectl(['rollout', 'restart', 'deployment/haproxy']);
    await stage.rolledOut();

    const replicas = await stage.replicas(3);
    await allKeep(replicas);
    figure('rollout restart of 3 with open ports', seconds(started));
    await stage.collectLogs();
    for (const { pod } of replicas) expect(stage.logs.get(pod)).not.toContain('SIBLINGS_UNHEARD');
  });
});
