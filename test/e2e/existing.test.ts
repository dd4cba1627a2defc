import { describe, it, onTestFailed, onTestFinished } from 'vitest';
import { z } from 'zod';
import { type Base, bases, installed } from '../helpers/existing.ts';
import { unless } from '../helpers/skip.ts';
import { Installed } from './installed.ts';
import { kubectlIn } from './kubectl.ts';
import { asLocalImage } from './local-image.ts';
import { noCluster } from './no-cluster.ts';
import { Stage } from './stage.ts';

const nodes = z.object({
  items: z.array(
    z.object({
      status: z.object({ images: z.array(z.object({ names: z.array(z.string()).nullish() })) }),
    }),
  ),
});

/** Images of a base that no node has, and that nobody can pull in a cluster without a way out. */
async function missingImages({ images }: Base): Promise<readonly string[]> {
  const text = await kubectlIn('default')(['get', 'nodes', '-o', 'json']);
  const there = nodes
    .parse(JSON.parse(text))
    .items.flatMap(({ status }) => status.images.flatMap(({ names }) => names ?? []));
  return images.filter((image) => !there.some((name) => name.endsWith(`/${image}`)));
}

describe('examples/existing on a real cluster', unless(noCluster), () => {
  it.for(bases)('works on test/bases/$folder', async (base, { skip }) => {
    const missing = await missingImages(base);
    if (missing.length > 0) skip(`no image ${missing.join(', ')} on the nodes`);
    const stage = new Stage();
    onTestFailed(async () => console.log(await stage.report()));
    await stage.open(base.standard);
    onTestFinished(() => stage.close());

    await stage.kubectl(['apply', '-f', '-'], asLocalImage(installed(base)));

    for (const workload of base.injected) {
      const selector = `app=${workload.split('/')[1]}`;
      await new Installed(stage, { workload, selector, count: 2, port: base.port }).works();
    }
  });
});
