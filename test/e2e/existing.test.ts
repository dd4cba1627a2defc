import { describe, it } from 'vitest';
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
  // Each in a namespace of its own, and mostly waiting.
  it.concurrent.for(bases)(
    'works on test/bases/$folder',
    async (base, { skip, onTestFailed, onTestFinished }) => {
      const missing = await missingImages(base);
      if (missing.length > 0) skip(`no image ${missing.join(', ')} on the nodes`);
      const stage = new Stage();
      onTestFinished(() => stage.close());
      onTestFailed(async () => console.log(await stage.report()));
      await stage.open(base.standard);

      await stage.kubectl(['apply', '-f', '-'], asLocalImage(installed(base)));

      await Promise.all(
        base.injected.map((workload) => {
          const selector = `app=${workload.split('/')[1]}`;
          return new Installed(stage, { workload, selector, count: 2, port: base.port }).works();
        }),
      );
    },
  );
});
