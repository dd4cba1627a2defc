import { constants } from 'node:os';
import { haproxyBranch, programs } from '../helpers/programs.ts';
import { makeFolder, removeFolder } from '../helpers/temporary-folder.ts';
import { createNaiveWay } from '../rig/naive.ts';
import { choosePorts } from '../rig/ports.ts';
import { writeRelayKey } from '../rig/relay-key.ts';
import { fileRoll, kubernetesRoll, type Roll } from '../rig/roll.ts';
import { type Actor, createStage, raiseSafely, type Stage } from '../rig/stage.ts';
import { parseOptions } from './options.ts';
import { playStory, type StoryResult } from './story.ts';
import { createView, stepTable, table } from './view.ts';

const options = parseOptions(process.argv);

function refuse(text: string): never {
  console.error(text);
  process.exit(1);
}

function findHaproxy(): { readonly path: string; readonly branch: string } {
  const path = options.haproxy ?? programs.haproxy34 ?? programs.haproxy ?? programs.haproxy30;
  if (path === undefined) {
    refuse(
      'HAProxy is missing: apt-get install haproxy, or name one with HAPROXY_BIN or --haproxy.',
    );
  }
  try {
    return { path, branch: haproxyBranch(path) };
  } catch (error) {
    return refuse(
      `${path} does not run as HAProxy: ${error instanceof Error ? error.message : error}`,
    );
  }
}

const haproxy = findHaproxy();
const api = programs.dataplaneV3 ?? programs.dataplaneV2 ?? null;
if (options.applier === 'dataplane' && api === null) {
  refuse('The Data Plane API is missing: name it with DATAPLANEAPI_BIN, or give --applier direct.');
}
const relay = options.relay === true;
const dataplane = options.applier === 'direct' || options.naive === true || relay ? null : api;

const directory = makeFolder('haproxy-peer-sync-demo-');
// Whatever the helpers and their programs make lies in there too, and goes with it.
process.env.TMPDIR = directory;
const startedAtMs = Date.now();
const interrupt = new AbortController();
let stage: Stage | null = null;
let roll: Roll | null = null;
let ending = false;

/** Ends all programs, removes the directory and ends the process. Whoever calls first names the exit code. */
async function end(code: number, text = ''): Promise<never> {
  if (ending) return new Promise(() => {});
  ending = true;
  interrupt.abort(new Error('the demo ends'));
  await Promise.allSettled([stage?.close(), roll?.close()]);
  // Last of all: the API server, where it is still starting, is killed on exit.
  process.on('exit', () => {
    if (options.keep !== true) removeFolder(directory);
  });
  if (options.keep === true) console.log(`\nConfigurations and logs: ${directory}\n`);
  if (text !== '') console.error(text);
  process.exit(code);
}

// A terminal, npm and the script around may all send one: every further signal finds the end under way.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => void end(128 + constants.signals[signal]));
}
process.on('uncaughtException', (error) => void end(1, error.stack));

function describeWay(): string {
  if (options.naive === true) {
    return 'the naive way: start alone, wait 2 s, reload on every event';
  }
  if (relay) return 'relay mode: each HAProxy talks to its own sidecar, and sidecars to each other';
  if (dataplane !== null) return 'Data Plane API';
  const why = options.applier === 'direct' ? '' : ' (no Data Plane API was found)';
  return `direct applier${why}: the peers section is rewritten in the file and reloaded over the master socket`;
}

/** Of all replicas together, those that are gone too; null: one was never seen. */
function allReloads(actors: readonly Actor[]): number | null {
  const counts = actors.map(({ reloads }) => reloads);
  if (counts.includes(null)) return null;
  return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

function report({ kept, steps }: StoryResult, actors: readonly Actor[]): boolean {
  const all = options.entries.toLocaleString('en');
  console.log(`${stepTable(steps).join('\n')}\n`);
  for (const { name, entries } of kept) {
    console.log(`${name} keeps ${entries.toLocaleString('en')} of ${all} entries`);
  }
  const survivors = options.replicas + 1;
  const complete =
    kept.length === survivors && kept.every(({ entries }) => entries === options.entries);
  const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(0);
  const verdict = complete ? 'Every survivor has every entry, with its value' : 'Entries were lost';
  console.log(`\n${verdict}, after ${seconds} s.`);
  if (!relay) return complete;
  const reloads = allReloads(actors);
  console.log(`Reloads of HAProxy, all replicas together: ${reloads ?? 'unknown'}.`);
  return complete && reloads === 0;
}

const strict = options.naive !== true;
let view: ReturnType<typeof createView> | null = null;
try {
  const ports = await choosePorts(options.network, 2 * options.replicas + 2);
  roll = options.kubernetes === true ? await kubernetesRoll() : fileRoll(directory);
  console.log(`HAProxy ${haproxy.branch}, ${describeWay()}`);
  console.log(`members from ${roll.description}; addresses ${options.network}.1 and after\n`);
  stage = createStage({
    roll,
    network: options.network,
    setting: {
      haproxy: haproxy.path,
      dataplane,
      directory,
      ...(relay ? { relayKey: writeRelayKey(directory) } : {}),
      sourceFlags: roll.sourceFlags,
      ports,
      signal: interrupt.signal,
    },
    ...(strict ? { raise: raiseSafely } : createNaiveWay()),
  });
  view = createView(stage, process.stdout);
  const { entries, replicas } = options;
  const result = await playStory({ stage, entries, replicas, strict, say: view.say });
  await stage.countReloads();
  await view.stop();
  console.log(`\n${(await table(stage)).join('\n')}\n`);
  const complete = report(result, stage.actors);
  if (!strict) console.log('That is what the safety protocol is for: compare with `npm run demo`.');
  await end(complete || !strict ? 0 : 1);
} catch (error) {
  await view?.stop();
  const text = error instanceof Error ? error.message : String(error);
  const hint = options.keep === true ? '' : '\nThe logs are kept with --keep.';
  await end(1, `\nThe demo failed: ${text}${hint}`);
}
