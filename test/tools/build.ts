// dist/main.js, or the path given: the whole program as one file, so that a container starts without reading a thousand modules.
import { chmodSync } from 'node:fs';
import { build } from 'esbuild';

// Some packages are CommonJS and call `require` for modules of Node: an ES module has to be given one.
const banner = `import { createRequire as createRequireForBundle } from 'node:module';
const require = createRequireForBundle(import.meta.url);`;

const outfile = process.argv[2] ?? 'dist/main.js';
await build({
  entryPoints: ['src/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  // Less text to parse at start, and names that stack traces need stay.
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  legalComments: 'none',
  banner: { js: banner },
  logLevel: 'warning',
});
chmodSync(outfile, 0o755);
