import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, onTestFailed } from 'vitest';
import { z } from 'zod';
import { eventually } from '../helpers/eventually.ts';
import { unless } from '../helpers/skip.ts';
import { readProject } from '../tools/release/project.ts';
import { noCluster } from './no-cluster.ts';
import { Replica } from './replica.ts';
import { figure, seconds } from './scenario.ts';
import { Stage } from './stage.ts';

const run = promisify(execFile);
/** Folder of haproxytech's chart `haproxy`, for example out of `helm pull haproxytech/haproxy --untar`. */
const chart = process.env.HAPROXY_HELM_CHART ?? '';
const noChart = existsSync(chart) ? undefined : 'HAPROXY_HELM_CHART is not the folder of a chart';
const podList = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string() }) })),
});

describe('an installation on a real cluster', unless(noCluster), () => {
  let stage: Stage;
  afterEach(() => stage?.close());

  async function opened(standard: 'restricted' | 'privileged'): Promise<Stage> {
    stage = new Stage();
    onTestFailed(async () => console.log(await stage.report()));
    await stage.open(standard);
    return stage;
  }

  async function replicasOf(selector: string): Promise<readonly Replica[]> {
    const text = await stage.kubectl(['get', 'pods', '-l', selector, '-o', 'json']);
    const { items } = podList.parse(JSON.parse(text));
    return items.map(({ metadata }) => new Replica(metadata.name, stage.kubectl));
  }

  /** Sessions between all, one session's counter on all, nothing that doctor calls a failure; then a rollout keeps it. */
  async function works(name: string, selector: string, count: number): Promise<void> {
    const started = Date.now();
    await stage.kubectl(['rollout', 'status', name, '--timeout=120s']);
    figure(`${name}, ready after`, seconds(started));
    const [first, ...others] = await replicasOf(selector);
    expect(others).toHaveLength(count - 1);
    for (const replica of [first as Replica, ...others]) {
      await eventually(async () => (await replica.established()).length === count - 1, {
        timeoutMs: 30_000,
      });
    }
    await first?.shell("curl -fsS 'http://127.0.0.1:8080/?session=visitor'");
    await eventually(async () => (await others[0]?.counter('visitor')) === 1);

    const findings = await Promise.all(others.map((each) => doctor(each.pod)));
    expect(findings.join('\n')).not.toContain('FAILURE');
    expect(findings[0]).toMatch(/^ok +selector/m);

    await stage.kubectl(['rollout', 'restart', name]);
    await stage.kubectl(['rollout', 'status', name, '--timeout=120s']);
    await eventually(async () => (await replicasOf(selector)).length === count, {
      timeoutMs: 60_000,
    });
    for (const replica of await replicasOf(selector)) {
      await eventually(async () => (await replica.counter('visitor')) === 1);
    }
  }

  function doctor(pod: string): Promise<string> {
    return stage.kubectl([
      ...['exec', pod, '-c', 'haproxy-peer-sync', '--'],
      ...['haproxy-peer-sync', 'doctor'],
    ]);
  }

  it('adds everything to a Deployment that was there, by a component', async () => {
    await opened('restricted');

    await stage.kubectl(['apply', '-k', 'examples/existing']);

    await works('deployment/edge', 'app=edge', 2);
  });

  it('runs in the chart of haproxytech', unless(noChart), async () => {
    await opened('restricted');
    const { namespace } = stage;

    await stage.kubectl(['apply', '-f', 'examples/helm/rbac.yaml']);
    // Rendered, because a cluster that was built for tests may not tell a version that Helm understands.
    const { stdout } = await run('helm', [
      ...['template', 'edge', chart, '--namespace', namespace, '--kube-version', '1.30.0'],
      ...['-f', 'examples/helm/values.yaml'],
    ]);
    const { image, version } = readProject();
    const local = stdout.replaceAll(`${image}:${version}`, 'haproxy-peer-sync:dev');
    await stage.kubectl(['apply', '-f', '-'], local);

    await works('deployment/edge-haproxy', 'app.kubernetes.io/instance=edge', 3);
  });
});
