import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { type KubeApiserver, startKubeApiserver } from '../helpers/kube-apiserver.ts';
import { haproxyBranch, programs } from '../helpers/programs.ts';
import { startTcpCut } from '../helpers/tcp-cut.ts';
import { makeFolder, removeFolder } from '../helpers/temporary-folder.ts';
import { choosePorts } from '../rig/ports.ts';
import { fileRoll, kubernetesRoll } from '../rig/roll.ts';
import { parseOptions } from './retention/options.ts';
import { type PlayOptions, play } from './retention/play.ts';
import { aligned, eachRun, head, lossy, markdown, row, rowBelow } from './retention/report.ts';
import type { Result, Way } from './retention/result.ts';
import { addressesOf } from './retention/scenarios.ts';

/** What becomes of the entries when replicas come, go, crash and are cut off, beside the naive way in the same run. */
const options = parseOptions(process.argv);
const haproxy = options.haproxy ?? programs.haproxy34 ?? programs.haproxy ?? programs.haproxy30;
const beside = options.beside === undefined ? undefined : resolve(options.beside);
if (beside !== undefined && !existsSync(join(beside, 'node_modules'))) {
  console.error(`--beside: ${beside} is no checkout that has its node_modules.`);
  process.exit(1);
}
const played = options.scenario.filter(({ mixed }) => !mixed || beside !== undefined);
if (played.length === 0) {
  console.error('This scenario needs another checkout: --beside DIR.');
  process.exit(1);
}
const dataplane = programs.dataplaneV3 ?? programs.dataplaneV2;
if (haproxy === undefined || dataplane === undefined) {
  console.error('HAProxy or the Data Plane API is missing: see docs/contributing.md.');
  process.exit(1);
}

const directory = makeFolder('retention-');
process.env.TMPDIR = directory;

/** The program of a checkout as one file, as the image has it: from source it reads ever more files at its start. */
function built(tree: string, name: string): string {
  const file = join(directory, `${name}.js`);
  const tool = resolve('test/tools/build.ts');
  execFileSync(process.execPath, [tool, file], { cwd: tree, stdio: 'inherit' });
  return file;
}
const mains = {
  ours: built(process.cwd(), 'ours'),
  beside: beside === undefined ? undefined : built(beside, 'beside'),
};
const interrupt = new AbortController();
let server: KubeApiserver | null = null;
let ending = false;

async function end(code: number): Promise<never> {
  if (ending) return new Promise(() => {});
  ending = true;
  interrupt.abort(new Error('the bench ends'));
  await server?.stop();
  process.on('exit', () => {
    if (!options.keep) removeFolder(directory);
  });
  if (options.keep) console.log(`Configurations and logs: ${directory}`);
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => void end(128 + constants.signals[signal]));
}

const startedAt = performance.now();
function say(text: string): void {
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${text}`);
}

/** Each run has a namespace of its own, and a hop before the API server that can be cut. */
async function kubernetes(api: KubeApiserver, namespace: string) {
  const hop = await startTcpCut(Number(new URL(api.url).port));
  await api.createNamespace(namespace);
  const token = await api.createServiceAccountToken(namespace, 'haproxy');
  await api.allowPods(namespace, 'haproxy');
  const open = async (name: string, port?: number) => {
    const kubeconfigPath = await api.writeKubeconfig(name, { token }, port);
    return kubernetesRoll({ server: api, namespace, kubeconfigPath });
  };
  const roll = await open(namespace, hop.port);
  return { roll, hop, directFlags: (await open(`${namespace}-direct`)).sourceFlags };
}

async function runOne(
  name: string,
  scenario: PlayOptions['scenario'],
  entries: number,
  way: Way,
): Promise<Result> {
  const ports = await choosePorts(options.network, addressesOf(options.burst));
  const result = await play({
    ...options,
    scenario,
    way,
    entries,
    haproxy: haproxy ?? '',
    dataplane: dataplane ?? null,
    main: way === 'beside' ? mains.beside : mains.ours,
    otherMain: mains.beside,
    sampled: options.plot !== undefined,
    ports,
    directory: join(directory, name),
    cutSeconds: options.cut,
    makeRoll: async (own) =>
      server === null || way === 'naive'
        ? { roll: fileRoll(own), hop: null }
        : kubernetes(server, name),
    signal: interrupt.signal,
    say: (text) => say(`${name}: ${text}`),
  });
  if (result.failure !== null) say(`${name}: FAILED: ${result.failure}`);
  const by = Object.entries(result.missingBy).map(
    ([replica, { keys, fromMs, toMs }]) =>
      `${keys} acknowledged by ${replica} ${fromMs} to ${toMs} ms into the change`,
  );
  const where = result.survivors
    .filter(({ missingLive }) => missingLive > 0)
    .map((survivor) => `${survivor.missingLive} on ${survivor.name}`);
  if (by.length > 0 && way !== 'naive') {
    say(`${name}: live keys missing: ${by.join('; ')}; ${where.join(', ')}`);
  }
  return result;
}

const results: Result[] = [];
const rows: (readonly string[])[] = [];
try {
  console.log(`HAProxy ${haproxyBranch(haproxy)}, ${options.writes} new keys a second meanwhile`);
  if (options.members === 'kubernetes') server = await startKubeApiserver();
  for (const entries of options.entries) {
    for (const scenario of played) {
      const runs: Record<Way, Result[]> = { ours: [], relay: [], beside: [], naive: [] };
      for (let round = 1; round <= options.repeat; round++) {
        const ways: Way[] = ['ours'];
        // Whoever is played first finds a colder machine, by a second in a burst: each is first as often as the other.
        if (scenario.mixed) {
          // One set holds both programs.
        } else if (beside !== undefined && round % 2 === 0) ways.unshift('beside');
        else if (beside !== undefined) ways.push('beside');
        if (options.mode === 'relay' && !scenario.mixed && !scenario.reloadOnly) ways.push('relay');
        if (options.naive && scenario.naive) ways.push('naive');
        for (const way of ways) {
          const name = `${scenario.name}-${entries}-${round}-${way}`;
          runs[way].push(await runOne(name, scenario, entries, way));
        }
      }
      results.push(...runs.ours, ...runs.relay, ...runs.beside, ...runs.naive);
      rows.push(row(runs.ours, runs.naive));
      for (const way of ['relay', 'beside'] as const) {
        if (runs[way].length > 0) rows.push(rowBelow(way, runs[way]));
      }
      console.log(`\n${aligned(head, rows).join('\n')}\n`);
      if (runs.beside.length > 0) console.log(`${eachRun(scenario.name, runs)}\n`);
    }
  }
  if (options.plot !== undefined) {
    const { plotRetention } = await import('./retention/plot.ts');
    writeFileSync(options.plot, plotRetention(results));
  }
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(results, null, 2));
  console.log(`${markdown(head, rows)}\n`);
  await end(lossy(results) ? 1 : 0);
} catch (error) {
  console.error(error instanceof Error ? error.stack : error);
  await end(1);
}
