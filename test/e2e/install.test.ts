import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, describe, it, onTestFailed } from 'vitest';
import { unless } from '../helpers/skip.ts';
import { Installed } from './installed.ts';
import { localImageIn } from './local-image.ts';
import { noCluster } from './no-cluster.ts';
import { Stage } from './stage.ts';

const run = promisify(execFile);
/** Folder of haproxytech's chart `haproxy`, for example out of `helm pull haproxytech/haproxy --untar`. */
const chart = process.env.HAPROXY_HELM_CHART ?? '';
const noChart = existsSync(chart) ? undefined : 'HAPROXY_HELM_CHART is not the folder of a chart';

describe('an installation on a real cluster', unless(noCluster), () => {
  let stage: Stage;
  afterEach(() => stage?.close());

  async function opened(standard: 'restricted' | 'privileged'): Promise<Stage> {
    stage = new Stage();
    onTestFailed(async () => console.log(await stage.report()));
    await stage.open(standard);
    return stage;
  }

  it('adds everything to a Deployment that was there, by a component', async () => {
    await opened('restricted');

    await stage.kubectl(['apply', '-k', 'examples/existing']);

    await new Installed(stage, {
      ...{ workload: 'deployment/edge', selector: 'app=edge', count: 2, port: 80 },
    }).works();
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
    await stage.kubectl(['apply', '-f', '-'], localImageIn(stdout));

    await new Installed(stage, {
      ...{ workload: 'deployment/edge-haproxy', selector: 'app.kubernetes.io/instance=edge' },
      ...{ count: 3, port: 80 },
    }).works();
  });
});
