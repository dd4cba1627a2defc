import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { unless } from '../helpers/skip.ts';
import { noCluster } from './no-cluster.ts';
import type { Replica } from './replica.ts';
import { figure } from './scenario.ts';
import { putRelaySecret } from './snapshot-stage.ts';
import { Stage } from './stage.ts';
import { Traffic } from './traffic.ts';

const requests = 150;
const limit = 100;
/** One after the other, from one address that is none of the replicas, each over a connection of its own. Prints how many of which status. */
const burst = (url: string) => `(async () => {
  const { get } = require('node:http');
  const counts = {};
  for (let at = 0; at < ${requests}; at++) {
    const status = await new Promise((resolve, reject) =>
      get('${url}', { agent: false }, (answer) => resolve(answer.resume().statusCode)).on('error', reject));
    counts[status] = (counts[status] ?? 0) + 1;
  }
  console.log(JSON.stringify(counts));
})()`;

/** By client what all replicas have counted, as this one has it. */
async function sums(replica: Replica): Promise<readonly string[]> {
  const text = await replica.shell(
    "echo 'show table rate.sum' | socat - /var/run/haproxy/admin.sock",
  );
  return [...text.matchAll(/key=(\S+) .*http_req_cnt=(\d+)/g)].map(
    ([, key, count]) => `${key} ${count}`,
  );
}

describe('examples/rate-limit on a real cluster', unless(noCluster), () => {
  const stage = new Stage();
  // For its pod alone: it sends nothing by itself.
  const client = new Traffic(stage.kubectl, 0);

  beforeAll(async () => {
    await stage.open();
    await putRelaySecret(stage);
    await stage.kubectl(['apply', '-k', 'examples/rate-limit']);
    await stage.rolledOut();
    await stage.settled();
    await client.start();
  });
  afterAll(() => stage.close());

  /** All replicas have one client, with so many requests. */
  async function allHave(count: number): Promise<void> {
    await eventually(
      async () => {
        const all = await Promise.all((await stage.replicas(3)).map(sums));
        if (all.some((one) => one.length !== 1 || !one[0]?.endsWith(` ${count}`)))
          throw new Error(JSON.stringify(all));
      },
      { timeoutMs: 20_000 },
    );
  }

  it('refuses a client after 100 requests, however they are spread, and forgets nothing with a pod', async () => {
    onTestFailed(async () => console.log(await stage.report()));
    const [last] = await stage.replicas(3);
    if (last === undefined) throw new Error('no three replicas');
    const address = await stage.kubectl([
      ...['get', 'service', 'haproxy', '-o', 'jsonpath={.spec.clusterIP}'],
    ]);
    const asked = ['exec', 'client', '--', 'node', '-e', burst(`http://${address}:8080/`)];
    const told = JSON.parse(await stage.kubectl(asked)) as Readonly<Record<string, number>>;
    const { 200: answered = 0, 429: refused = 0 } = told;
    figure('rate-limit', `${answered} answered, ${refused} refused of ${requests}`);
    expect(answered + refused).toBe(requests);
    expect(answered).toBeGreaterThanOrEqual(limit);
    // As fast as one client can: what was let through meanwhile nobody has summed yet.
    expect(answered).toBeLessThanOrEqual(limit + 40);
    await allHave(requests);

    await stage.kubectl(['delete', 'pod', last.pod, '--wait=true']);
    await stage.rolledOut();
    await stage.settled();
    await allHave(requests);
  });
});
