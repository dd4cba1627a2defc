import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, onTestFailed } from 'vitest';
import { parse } from 'yaml';
import { modelOfChart, noChart, renderedChart } from '../helpers/haproxy-chart.ts';
import { onlyInAll, unless } from '../helpers/skip.ts';
import { Installed } from './installed.ts';
import { asLocalImage } from './local-image.ts';
import { noCluster } from './no-cluster.ts';
import { Stage } from './stage.ts';

/** What somebody might find open: HTTPS and statistics of the chart, peers, the Data Plane API, the sidecar. */
const candidates = [80, 443, 1024, 3000, 5555, 8080, 8405];
/** A pod is reached by its siblings, and by whomever no NetworkPolicy keeps away; the Service is for clients. */
const asked = { service: [80], pod: [80, 3000, 8405] };

describe('an installation on a real cluster', unless(noCluster), () => {
  let stage: Stage;
  afterEach(() => stage?.close());

  async function opened(): Promise<void> {
    stage = new Stage();
    onTestFailed(async () => console.log(await stage.report()));
    await stage.open('restricted');
  }

  it('adds everything to a Deployment that was there, by a component', async () => {
    await opened();

    await stage.kubectl(['apply', '-k', 'examples/existing']);

    const edge = new Installed(stage, {
      ...{ workload: 'deployment/edge', selector: 'app=edge', count: 2, port: 80 },
    });
    await edge.works();
    expect(await edge.reachable('edge', candidates)).toEqual(asked);
  });

  // Where neither Helm nor the chart is, a model of the chart that a test compares with it.
  it(
    `runs in ${noChart === undefined ? 'the' : 'a model of the'} chart of haproxytech`,
    unless(onlyInAll),
    async () => {
      await opened();
      const { namespace } = stage;
      const file = 'examples/helm/values.yaml';
      const values = () => parse(readFileSync(file, 'utf8'), { merge: true });
      const rendered =
        noChart === undefined
          ? renderedChart(file, namespace)
          : JSON.stringify({ apiVersion: 'v1', kind: 'List', items: modelOfChart(values()) });

      await stage.kubectl([
        'apply',
        '-f',
        'examples/helm/rbac.yaml',
        '-f',
        'examples/helm/pdb.yaml',
      ]);
      await stage.kubectl(['apply', '-f', '-'], asLocalImage(rendered));

      const edge = new Installed(stage, {
        ...{ workload: 'deployment/edge-haproxy', selector: 'app.kubernetes.io/instance=edge' },
        ...{ count: 3, port: 80 },
      });
      await edge.works();
      expect(await edge.reachable('edge-haproxy', candidates)).toEqual(asked);
    },
  );
});
