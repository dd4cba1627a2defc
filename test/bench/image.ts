import { readFileSync } from 'node:fs';

/** How the image starts the sidecar: read from the Dockerfile, so that no bench measures another program. */
const text = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
const entryPoint = /^ENTRYPOINT (\[.*\])$/m.exec(text)?.[1];
const variables = /^ENV (NODE_ENV=.*)$/m.exec(text)?.[1];
if (entryPoint === undefined || variables === undefined)
  throw new Error(
    'The Dockerfile has no ENTRYPOINT or no ENV with NODE_ENV: mend test/bench/image.ts.',
  );

const words: readonly string[] = JSON.parse(entryPoint);

export const imageFlags: readonly string[] = words.filter((word) => word.startsWith('--'));

export const imageEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  variables.split(' ').map((pair) => pair.split('=')),
);
