import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({ optionalDependencies: z.record(z.string(), z.string()).optional() }),
  ),
});

// `npm install` leaves out what the registry does not list at that moment, and `npm ci` then refuses the file.
it('locks the optional packages of every platform', () => {
  const { packages } = lockFile.parse(JSON.parse(readFileSync('package-lock.json', 'utf8')));

  const wanted = Object.entries(packages)
    .filter(([path]) => path !== '')
    .flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}));

  const missing = wanted.filter((name) => packages[`node_modules/${name}`] === undefined);
  expect(missing).toEqual([]);
});
