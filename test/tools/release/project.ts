import { readFileSync } from 'node:fs';
import { z } from 'zod';

const manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  license: z.string(),
  engines: z.object({ node: z.string() }),
  repository: z.string().regex(/^github:[^/]+\/[^/]+$/),
});

/** The owner as long as nobody publishes: a name that GitHub gives to nobody. */
const nobody = 'not--published';

/** Who publishes, and what, from package.json: its `repository` is the one line that a fork changes. */
export function readProject(folder = '.') {
  const { name, version, description, license, engines, repository } = manifest.parse(
    JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')),
  );
  const path = repository.slice('github:'.length);
  const owner = path.slice(0, path.indexOf('/')).toLowerCase();
  const image = `ghcr.io/${owner}/${name}`;
  return {
    name,
    version,
    description,
    license,
    engines,
    /** `OWNER/REPOSITORY`, as GitHub spells it. */
    path,
    url: `https://github.com/${path}`,
    /** Without a tag. A registry wants lower case. */
    image,
    /** What the examples for kustomize take: as long as nobody publishes, what `docker build` makes of this working tree. */
    exampleImage: owner === nobody ? { name, tag: 'dev' } : { name: image, tag: version },
    /** Where `helm push` puts charts; each has its own name below it. */
    charts: `oci://ghcr.io/${owner}/charts`,
  } as const;
}

export type Project = ReturnType<typeof readProject>;
