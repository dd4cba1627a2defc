import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import type { Replica } from './replica.ts';
import { Stage } from './stage.ts';

const entries = 40_000;
const cluster = process.env.KUBECONFIG;
const reason = cluster ? '' : ' (skipped: KUBECONFIG names no cluster; kind/up.sh makes one)';

describe.skipIf(!cluster)(`the example on a real cluster${reason}`, () => {
  const stage = new Stage();
  let replicas: readonly Replica[] = [];

  beforeAll(() => stage.open());
  afterAll(() => stage.close());

  it('becomes ready under restricted pod security', async () => {
    reportWhenFailed(stage);
    const started = Date.now();

    await stage.kubectl(['apply', '-k', 'examples/deployment']);
    await stage.rolledOut();

    figure('ready after apply', seconds(started));
    replicas = await stage.replicas(3);
    expect(await stage.restarts()).toBe(0);
  });

  it('establishes a session between every two replicas', async () => {
    reportWhenFailed(stage);
    const started = Date.now();

    await allEstablished(replicas);

    figure('every session established after', seconds(started));
    figure('reloads of each replica', (await reloads(replicas)).join(' '));
  });

  it('shares the entries of one replica with all', async () => {
    reportWhenFailed(stage);
    const started = Date.now();

    await replicas[0]!.fill(entries);
    await allHold(replicas, entries);

    figure(`${entries} entries on every replica after`, seconds(started));
  });

  it('counts the requests of a session wherever they arrive', async () => {
    reportWhenFailed(stage);
    const request = "curl -fsS 'http://127.0.0.1:8080/?session=visitor'";

    for (const [index, replica] of replicas.entries()) {
      await eventually(async () => ((await replica.counter('visitor')) ?? 0) === index);
      expect(await replica.shell(request)).toContain(`requests=${index + 1} `);
    }
  });

  it('gives the entries to two replicas that join', async () => {
    reportWhenFailed(stage);
    const before = await reloads(replicas);

    const joined = await scale(5);

    await allHold(joined, entries + 1);
    await allEstablished(joined);
    const caused = (await reloads(replicas)).map((count, index) => count - before[index]!);
    figure('reloads of each old replica for two that joined', caused.join(' '));
    expect(Math.max(...caused)).toBeLessThanOrEqual(2);
    replicas = joined;
  });

  it('reloads nothing for three replicas that leave', async () => {
    reportWhenFailed(stage);
    const before = new Map<string, number>();
    for (const replica of replicas) before.set(replica.pod, await replica.reloads());

    replicas = await scale(2);

    await allHold(replicas, entries + 1);
    await allEstablished(replicas);
    for (const replica of replicas) expect(await replica.reloads()).toBe(before.get(replica.pod));
  });

  it('keeps every entry through a rollout restart', async () => {
    reportWhenFailed(stage);
    replicas = await scale(3);
    const old = replicas.map((replica) => replica.pod);
    const started = Date.now();

    await stage.kubectl(['rollout', 'restart', 'deployment/haproxy']);
    await stage.rolledOut();

    figure('rollout restart', seconds(started));
    replicas = await stage.replicas(3);
    expect(replicas.filter((replica) => old.includes(replica.pod))).toEqual([]);
    await allHold(replicas, entries + 1);
    await allEstablished(replicas);
    const counts = await reloads(replicas);
    figure('entries left', (await Promise.all(replicas.map((each) => each.entries()))).join(' '));
    figure('reloads of each new replica', counts.join(' '));
    // At most one for each sibling that came after it.
    expect(Math.max(...counts)).toBeLessThanOrEqual(2);
  });

  it('never restarted a container, logged an error or showed a secret', async () => {
    reportWhenFailed(stage);
    const secrets = await Promise.all(
      replicas.map((replica) => replica.shell('cat /etc/haproxy/dataplaneapi.password')),
    );

    await stage.collectLogs();

    expect(await stage.restarts()).toBe(0);
    const lines = [...stage.logs.values()].flatMap((text) => text.split('\n'));
    expect(lines.filter((line) => /"level":("error"|"fatal"|50|60)/.test(line))).toEqual([]);
    for (const secret of secrets) {
      expect(secret.trim().length).toBeGreaterThanOrEqual(24);
      expect(lines.filter((line) => line.includes(secret.trim()))).toEqual([]);
    }
  });

  async function scale(count: number): Promise<readonly Replica[]> {
    const started = Date.now();
    await stage.kubectl(['scale', 'deployment/haproxy', `--replicas=${count}`]);
    await stage.rolledOut();
    const result = await stage.replicas(count);
    figure(`scaled to ${count}`, seconds(started));
    return result;
  }
});

async function allHold(replicas: readonly Replica[], count: number): Promise<void> {
  for (const replica of replicas) {
    await eventually(
      async () => {
        const held = await replica.entries();
        if (held !== count) throw new Error(`${replica.pod} holds ${held} entries, not ${count}`);
      },
      { timeoutMs: 60_000, intervalMs: 250 },
    );
  }
}

async function allEstablished(replicas: readonly Replica[]): Promise<void> {
  for (const replica of replicas) {
    const siblings = replicas.map(({ pod }) => pod).filter((pod) => pod !== replica.pod);
    await eventually(
      async () => {
        const established = await replica.established();
        const missing = siblings.filter((pod) => !established.includes(pod));
        if (missing.length > 0) throw new Error(`${replica.pod} has no session with ${missing}`);
      },
      { timeoutMs: 60_000, intervalMs: 250 },
    );
  }
}

function reloads(replicas: readonly Replica[]): Promise<readonly number[]> {
  return Promise.all(replicas.map((replica) => replica.reloads()));
}

function seconds(startedMs: number): string {
  return `${((Date.now() - startedMs) / 1000).toFixed(1)} s`;
}

function figure(name: string, value: string): void {
  console.log(`e2e: ${name}: ${value}`);
}

function reportWhenFailed(stage: Stage): void {
  onTestFailed(async () => console.log(await stage.report()));
}
