// Makes a fresh clone ready, then runs what the npm script names: `node test/tools/setup.mjs [--programs] TARGET [ARGS]`.
// TARGET is a script (*.ts, *.mjs) or the name of a program in node_modules/.bin.
// Plain JavaScript without dependencies: this is the one file that the machine's own Node (>= 18) reads.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureModules, ensureNode } from './modules.mjs';
import { cachedPrograms, ensurePrograms } from './programs.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * Packages, a Node that runs TypeScript, and the programs of the integration tests: those that are there, or, when asked for, all.
 * Returns the path of that Node and the environment for whatever is run next. Takes well under a second when all is there.
 */
export async function setup({ programs = false } = {}) {
  await ensureModules(root);
  // Our runtime is the Node of package.json; TEST_NODE names another one that has to do, too.
  const node = process.env.TEST_NODE ?? (await ensureNode(root));
  const env = {
    ...process.env,
    // Debian keeps haproxy in /usr/sbin, which ordinary users do not have on their PATH.
    PATH: [
      dirname(node),
      join(root, 'node_modules', '.bin'),
      process.env.PATH,
      '/usr/local/sbin',
      '/usr/sbin',
    ].join(delimiter),
  };
  Object.assign(env, programs ? await ensurePrograms() : cachedPrograms());
  return { node, env };
}

/** Runs a script, or a program of node_modules/.bin, under `node`; resolves with the exit code. */
export async function run({ node, env }, target, args, options = {}) {
  const child = spawn(node, [scriptOf(target), ...args], {
    cwd: root,
    env,
    stdio: 'inherit',
    ...options,
  });
  // The terminal already sends its Ctrl-C to the child: only wait for it to finish.
  const ignore = () => {};
  const forward = () => child.kill('SIGTERM');
  process.on('SIGINT', ignore).on('SIGTERM', forward);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) =>
        resolve(code ?? 128 + (constants.signals[signal] ?? 0)),
      );
    });
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', forward);
  }
}

function scriptOf(target) {
  if (/\.(ts|mjs|js)$/.test(target)) return join(root, target);
  const link = join(root, 'node_modules', '.bin', target);
  if (!existsSync(link)) throw new Error(`${target} is not in node_modules/.bin`);
  const path = realpathSync(link);
  if (readFileSync(path).subarray(0, 2).toString() !== '#!') {
    throw new Error(`${target} is not a script of Node`);
  }
  return path;
}

async function main(argv) {
  const programs = argv[0] === '--programs';
  const [target, ...args] = programs ? argv.slice(1) : argv;
  const prepared = await setup({ programs });
  return target === undefined ? 0 : await run(prepared, target, args);
}

if (
  process.argv[1] !== undefined &&
  realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
) {
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error) => {
      console.error(`setup: ${error.message}`);
      process.exitCode = 1;
    },
  );
}
