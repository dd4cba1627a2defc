import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { haproxyBranch, programs } from '../helpers/programs.ts';
import { fileRoll, kubernetesRoll } from './members.ts';
import { raiseNaively, reactNaively } from './naive.ts';
import { createStage, raiseSafely, type Stage } from './stage.ts';
import { playStory, type StoryResult } from './story.ts';
import { createView, table } from './view.ts';

const options = new Command('npm run demo --')
  .description(
    'HAProxy replicas come, go and die on loopback addresses; their stick-table entries stay.',
  )
  .option('--entries <n>', 'stick-table entries', Number, 40_000)
  .option('--replicas <n>', 'replicas at the start', Number, 3)
  .option('--kubernetes', 'membership from a real kube-apiserver instead of a file')
  .option('--naive', 'what starting alone and reloading at once loses')
  .option('--applier <name>', 'dataplane or direct')
  .option('--haproxy <path>', 'HAProxy program')
  .option('--network <prefix>', 'first three numbers of the loopback addresses', '127.0.1')
  .option('--keep', 'keep the directory with configurations and logs')
  .parse()
  .opts<{
    entries: number;
    replicas: number;
    kubernetes?: true;
    naive?: true;
    applier?: string;
    haproxy?: string;
    network: string;
    keep?: true;
  }>();

function fail(text: string): never {
  console.error(text);
  process.exit(1);
}

const haproxy = options.haproxy ?? programs.haproxy34 ?? programs.haproxy ?? programs.haproxy30;
if (haproxy === undefined) {
  fail('HAProxy is missing: apt-get install haproxy, or name one with HAPROXY_BIN or --haproxy.');
}
const dataplane =
  options.applier === 'direct' || options.naive === true ? null : (programs.dataplaneV3 ?? null);
const directory = mkdtempSync(join(tmpdir(), 'haproxy-peer-sync-demo-'));
const startedAtMs = Date.now();
let stage: Stage | null = null;
let closing = false;

async function close(): Promise<void> {
  if (closing) return;
  closing = true;
  await stage?.close();
  await roll.close();
  if (options.keep === true) console.log(`\nConfigurations and logs: ${directory}`);
  else rmSync(directory, { recursive: true, force: true });
}

const roll = options.kubernetes === true ? await kubernetesRoll() : fileRoll(directory);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void close().finally(() => process.exit(130)));
}

const way =
  options.naive === true
    ? 'the naive way: start alone, wait 2 s, reload on every event'
    : dataplane === null
      ? 'direct applier (no Data Plane API: the peers section is rewritten and reloaded over the master socket)'
      : 'Data Plane API';
console.log(`HAProxy ${haproxyBranch(haproxy)}, ${way}, members from ${roll.description}\n`);

const shared = { roll, network: options.network };
const setting = { haproxy, dataplane, directory, sourceFlags: roll.sourceFlags };
const view = createView(() => stage, process.stdout);
let result: StoryResult | null = null;
let problem: unknown = null;
try {
  stage =
    options.naive === true
      ? createStage({ ...shared, setting, raise: raiseNaively, onEvent: reactNaively })
      : createStage({ ...shared, setting, raise: raiseSafely });
  const { entries, replicas } = options;
  const strict = options.naive !== true;
  result = await playStory({ stage, entries, replicas, strict, say: view.say });
} catch (error) {
  problem = error;
}
await view.stop();
if (stage !== null) console.log(`\n${(await table(stage)).join('\n')}\n`);
await close();
if (problem !== null) fail(problem instanceof Error ? problem.message : String(problem));

const all = options.entries.toLocaleString('en');
const kept = result?.kept ?? [];
for (const { name, entries } of kept) {
  console.log(`${name} keeps ${entries.toLocaleString('en')} of ${all} entries`);
}
const complete = kept.length > 0 && kept.every(({ entries }) => entries === options.entries);
const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(0);
console.log(
  `\n${complete ? 'Every survivor has every entry' : 'Entries were lost'}, after ${seconds} s.`,
);
if (options.naive === true) {
  console.log('That is what the safety protocol is for: compare with `npm run demo`.');
}
process.exit(complete || options.naive === true ? 0 : 1);
