import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { eventually } from '../helpers/eventually.ts';
import { unless } from '../helpers/skip.ts';
import { noCluster } from './no-cluster.ts';
import type { Replica } from './replica.ts';
import { allKeep, entries, figure, play } from './scenario.ts';
import { Stage } from './stage.ts';
import { Traffic } from './traffic.ts';

const removalDelayMs = 15_000;
const staggerMs = 300;
/** How often siblings that are away are looked at again, and what clocks of log lines may differ by. */
const looksMs = 100;

/** The example, whose sidecars remove who is gone sooner. */
function withRemovalDelay(text: string): string {
  const documents = parseAllDocuments(text).map((each) => each.toJS());
  for (const { kind, spec } of documents) {
    if (kind !== 'Deployment') continue;
    const { containers, initContainers } = spec.template.spec;
    const sidecar = [...containers, ...initContainers].find(
      ({ name }: { name: string }) => name === 'haproxy-peer-sync',
    );
    sidecar.args.push(`--removal-delay=${removalDelayMs}ms`);
  }
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: documents });
}

interface Removal {
  readonly pod: string;
  /** When the change began and ended, in milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
}

describe('replicas that are gone', unless(noCluster), () => {
  const stage = new Stage();
  const traffic = new Traffic(stage.kubectl);

  beforeAll(() => stage.open());
  afterAll(() => stage.close());

  /** What the sidecars of these replicas say of a change that only removes. */
  async function removals(replicas: readonly Replica[]): Promise<readonly Removal[]> {
    await stage.collectLogs();
    return replicas.flatMap(({ pod }) =>
      (stage.logs.get(pod) ?? '')
        .split('\n')
        .filter((line) => line.includes('"msg":"peers section changed"'))
        .map((line) => JSON.parse(line))
        .filter(({ left, joined }) => left.length > 0 && joined.length === 0)
        .map(({ time, ms }) => ({ pod, fromMs: Date.parse(time) - ms, toMs: Date.parse(time) })),
    );
  }

  it('are removed under traffic by one replica after another, and nothing is lost', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const manifest = withRemovalDelay(await stage.kubectl(['kustomize', 'examples/deployment']));
    await stage.kubectl(['apply', '-f', '-'], manifest);
    await stage.kubectl(['scale', 'deployment/haproxy', '--replicas=0']);
    await stage.replicas(0);
    await traffic.start();
    await stage.kubectl(['scale', 'deployment/haproxy', '--replicas=6']);
    await stage.rolledOut();
    const all = await stage.replicas(6);
    await all[0]?.fill(entries);
    await allKeep(all);

    const { replicas } = await play({
      stage,
      traffic,
      what: 'scale 6 to 4, and two who are gone are removed',
      count: 4,
      reloads: 1,
      async play() {
        await stage.kubectl(['scale', 'deployment/haproxy', '--replicas=4']);
        const left = await stage.replicas(4);
        await eventually(async () => (await removals(left)).length === 4, {
          timeoutMs: 60_000,
          intervalMs: 1000,
        });
      },
    });

    const turns = (await removals(replicas)).toSorted((a, b) => a.fromMs - b.fromMs);
    const apart = turns.slice(1).map(({ fromMs }, index) => fromMs - (turns[index]?.fromMs ?? 0));
    figure('  removals apart', apart.map((ms) => `${Math.round(ms)} ms`).join(', '));
    figure('  each took', turns.map(({ fromMs, toMs }) => `${toMs - fromMs} ms`).join(', '));
    expect(new Set(turns.map(({ pod }) => pod)).size).toBe(4);
    expect(Math.min(...apart)).toBeGreaterThanOrEqual(staggerMs - looksMs);
    expect(await stage.restarts()).toBe(0);
  });
});
