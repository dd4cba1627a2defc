// `build.ts [OUTPUT [ENTRY]]`: the whole program as one file, dist/main.js of src/main.ts where nothing else is said, so that a
// container starts without reading a thousand modules.
import { chmodSync } from 'node:fs';
import { build, type Plugin } from 'esbuild';

// Some packages are CommonJS and call `require` for modules of Node: an ES module has to be given one.
const banner = `import { createRequire as createRequireForBundle } from 'node:module';
const require = createRequireForBundle(import.meta.url);`;

const shared = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  // Less text to parse at start, and names that stack traces need stay.
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  legalComments: 'none',
  logLevel: 'warning',
} as const;

const library = '/@kubernetes/client-node/';

/**
 * The client library does not say that loading its modules does nothing but define classes, so a bundler keeps those of
 * all kinds of Kubernetes although only KubeConfig is used.
 */
const unusedKinds: Plugin = {
  name: 'unused-kinds',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /./ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      const isAsked = `/${path}/` === library || importer.includes(library);
      if (!isAsked || pluginData === library) return undefined;
      const found = await resolve(path, { importer, resolveDir, kind, pluginData: library });
      return found.path.includes(library) ? { ...found, sideEffects: false } : found;
    });
  },
};

/** What is imported at its first use is bundled whole, unless it was bundled before: 9 MiB of memory less. */
const kubeConfig: Plugin = {
  name: 'kube-config',
  setup({ onLoad }) {
    onLoad({ filter: /[/]kube-config[.]ts$/ }, async ({ path }) => {
      const { outputFiles } = await build({
        ...shared,
        entryPoints: [path],
        plugins: [unusedKinds],
        write: false,
      });
      return { contents: outputFiles[0]?.contents ?? '', loader: 'js' };
    });
  },
};

const [, , outfile = 'dist/main.js', entry = 'src/main.ts'] = process.argv;
await build({
  entryPoints: [entry],
  outfile,
  ...shared,
  banner: { js: banner },
  plugins: [kubeConfig],
});
chmodSync(outfile, 0o755);
