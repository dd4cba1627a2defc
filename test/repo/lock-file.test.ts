import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      integrity: z.string().optional(),
      resolved: z.string().optional(),
      dev: z.boolean().default(false),
      optional: z.boolean().default(false),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

const { packages } = lockFile.parse(JSON.parse(readFileSync('package-lock.json', 'utf8')));
const locked = Object.entries(packages).filter(([path]) => path !== '');

// `npm install` leaves out what the registry does not list at that moment, and `npm ci` then refuses the file.
it('locks the optional packages of every platform', () => {
  const wanted = locked.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}));

  const missing = wanted.filter((name) => packages[`node_modules/${name}`] === undefined);
  expect(missing).toEqual([]);
});

/**
 * Of these npm knew no hash when the file was made: its registry did not list that version of them. They are the linter's programs
 * for other platforms than CI and image have, no package of another name or version may join them, and whoever can
 * (`npm view NAME@VERSION dist.integrity`) adds the hash and takes the name out here.
 */
const withoutHash = [
  '@biomejs/cli-android-arm64@2.6.8',
  '@biomejs/cli-android-x64@2.6.8',
  '@biomejs/cli-darwin-arm64@2.6.8',
  '@biomejs/cli-darwin-x64@2.6.8',
  '@biomejs/cli-linux-arm64-musl@2.6.8',
  '@biomejs/cli-linux-x64-musl@2.6.8',
  '@biomejs/cli-win32-arm64@2.6.8',
  '@biomejs/cli-win32-x64@2.6.8',
];

it('has a strong hash of every package, but for a list that is known', () => {
  const open = locked
    .filter(([, { integrity = '' }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity))
    .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`);

  expect(open.filter((name) => !withoutHash.includes(name))).toEqual([]);
  expect(withoutHash.filter((name) => !open.includes(name))).toEqual([]);
});

it('has a hash of everything that is shipped, or runs in CI', () => {
  for (const [path, { dev, optional, integrity }] of locked) {
    if (!dev || !optional) expect(integrity, path).toBeDefined();
    if (/linux-(x64|arm64)$/.test(path)) expect(integrity, path).toBeDefined();
  }
});

it('takes packages from the registry alone', () => {
  const elsewhere = locked.filter(
    ([, { resolved }]) =>
      resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/'),
  );

  expect(elsewhere).toEqual([]);
});
