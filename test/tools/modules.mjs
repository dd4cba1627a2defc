// npm's packages, and among them the Node that everything else runs on.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { withProgress } from './progress.mjs';

/** The least Node that runs TypeScript files as they are. */
const leastNode = [22, 18];

/** Runs `npm ci` unless node_modules holds what package-lock.json says. */
export async function ensureModules(root) {
  if (installed(root)) return;
  const npm = npmCommand();
  await withProgress(
    'npm ci',
    npm.file,
    [...npm.args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
    },
  );
}

/** npm leaves its own account of what it installed in node_modules: compare it with the lock file. */
function installed(root) {
  let wanted;
  let actual;
  try {
    wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    actual = JSON.parse(
      readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8'),
    ).packages;
  } catch {
    return false;
  }
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' || entry.optional === true || actual[path]?.version === entry.version,
  );
}

/** npm, started by a Node that `npm ci` does not delete under it. */
function npmCommand() {
  const script = process.env.npm_execpath;
  const directories = (process.env.PATH ?? '').split(delimiter);
  const outside = directories.find(
    (d) => !d.includes('node_modules') && existsSync(join(d, 'node')),
  );
  if (script?.endsWith('.js') && !script.includes(`${sep}.bin${sep}`)) {
    return {
      file: outside === undefined ? process.execPath : join(outside, 'node'),
      args: [script],
    };
  }
  return { file: 'npm', args: [] };
}

/** The path of a Node that runs TypeScript: the pinned one of node_modules, else the one that runs this. */
export async function ensureNode(root) {
  const folder = join(root, 'node_modules', 'node');
  const pinned = join(folder, 'bin', 'node');
  if (await works(pinned)) return pinned;
  if (existsSync(folder)) {
    // npm did not run the install script of the package `node` (ignore-scripts, or not allowed to): run it here.
    await withProgress(
      'the pinned Node',
      process.execPath,
      [join(folder, 'installArchSpecificPackage.js')],
      {
        cwd: folder,
        env: {
          ...process.env,
          PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
        },
      },
    ).catch((error) => console.error(`setup: ${error.message}`));
    if (await works(pinned)) return pinned;
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1]))
    return process.execPath;
  throw new Error(
    `Node ${leastNode.join('.')} or newer is needed, this is ${process.versions.node}, and the pinned one could not be installed: ` +
      'install a newer Node (nodejs.org), or allow the install script of the package "node" (npm rebuild node), and start again.',
  );
}

async function works(node) {
  if (!existsSync(node)) return false;
  return promisify(execFile)(node, ['--version']).then(
    () => true,
    () => false,
  );
}
