import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { reloadOverMaster } from '../../src/haproxy/master.ts';
import { eventually } from '../helpers/eventually.ts';
import { programs } from '../helpers/programs.ts';
import { makeFolder, removeFolder } from '../helpers/temporary-folder.ts';
import { membersFile } from '../rig/members-file.ts';
import { ownNetwork } from '../rig/network.ts';
import { allReady } from '../rig/raise.ts';
import { createReplica, type Replica } from '../rig/replica.ts';
import { imageEnvironment, imageFlags } from './image.ts';
import { cpuMsOf, memoryMiB } from './process.ts';
import { markdown } from './retention/report.ts';

const usage = `npm run bench -- aggregate-set [--keys 200000]
Three replicas with the sidecar of the image, each of which counts all of these keys: memory, longest piece of work, and how long it takes until the sums are
current again after a restart of the sidecar and a reload of HAProxy.`;

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '200000' },
    help: { type: 'boolean', default: false },
  },
});
const haproxy = programs.haproxy34 ?? programs.haproxy;
if (values.help || haproxy === undefined) {
  console.log(values.help ? usage : 'HAProxy is missing: see docs/contributing.md.');
  process.exit(values.help ? 0 : 1);
}
const keys = Number(values.keys);
spawnSync(process.execPath, ['test/tools/build.ts']);

const folder = makeFolder('hps-bench-');
const members = membersFile(join(folder, 'members.json'));
const relayKey = join(folder, 'key');
writeFileSync(relayKey, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
const turns = join(folder, 'longest');
const network = ownNetwork();
const store = 'gpc0,http_req_rate(10s)';
const table = (name: string) =>
  `backend ${name}\n    stick-table type string len 32 size ${keys} expire 1h store ${store} peers aggregate\n`;
const own = ['--aggregate', `--aggregate-max-keys=${keys}`];
const replicas = [1, 2, 3].map((at) =>
  createReplica(
    {
      ...{ haproxy, dataplane: null, directory: folder, relayKey },
      ...{ sourceFlags: members.sourceFlags, main: join(process.cwd(), 'dist/main.js') },
      ...{
        sections: `${table('rate')}${table('rate.sum')}`,
        flags: own,
        initFlags: ['--aggregate'],
      },
      // With a clock of its work.
      nodeFlags: [
        ...imageFlags,
        `--import=${fileURLToPath(new URL('./longest-turn.mjs', import.meta.url))}`,
      ],
      env: { ...imageEnvironment, LONGEST_TURN: turns },
    },
    `r${at}`,
    `${network}.${at}`,
  ),
);
const [first] = replicas as [Replica, ...Replica[]];

async function fill(replica: Replica): Promise<void> {
  for (let from = 0; from < keys; from += 150) {
    const some = Array.from({ length: Math.min(150, keys - from) }, (_, at) => from + at);
    await replica.ask(
      some.map((at) => `set table rate key user-${at}-abcdef data.gpc0 ${at + 1}`).join(';'),
    );
  }
}

/** Some keys of all parts of the table. */
const samples = Array.from({ length: 100 }, (_, at) => Math.floor((at * (keys - 1)) / 99));
const patient = { timeoutMs: 300_000, intervalMs: 20 };

async function isSummed(replica: Replica, times: number): Promise<boolean> {
  const asked = samples.map((at) => `show table rate.sum key user-${at}-abcdef`).join(';');
  const sums = [...(await replica.ask(asked)).matchAll(/key=user-(\d+)-abcdef .*gpc0=(\d+)/g)];
  const right = sums.filter(([, at, sum]) => Number(sum) === times * (Number(at) + 1));
  return right.length === samples.length;
}

const summed = (replica: Replica, times: number) =>
  eventually(() => isSummed(replica, times), patient);

const status = async (replica: Replica) => {
  const answer = await fetch(`http://${replica.address}:${replica.ports.probe}/status`);
  return (await answer.json()) as { aggregate?: Standing };
};
interface Standing {
  readonly current: boolean;
  readonly origins: number;
  readonly tables: readonly { readonly keys: number }[];
}

/** HAProxy is told sums, and of all three. */
const current = (replica: Replica) =>
  eventually(async () => {
    const { aggregate } = await status(replica);
    const [table] = aggregate?.tables ?? [];
    return aggregate?.current === true && table?.keys === keys && aggregate.origins >= 3;
  }, patient);

const longest = (replica: Replica) =>
  Number(readFileSync(`${turns}.${replica.sidecarPid()}`, 'utf8') || 0).toFixed(0);

const rows: string[][] = [];
/** What the first sidecar has used for something, and its memory then. */
async function measured(what: string, act: () => Promise<void>): Promise<void> {
  const startMs = performance.now();
  const pid = first.sidecarPid();
  const cpu = cpuMsOf(pid);
  writeFileSync(`${turns}.${pid}`, '');
  await act();
  const seconds = (performance.now() - startMs) / 1000;
  const now = first.sidecarPid();
  const used = cpuMsOf(now) - (now === pid ? cpu : 0);
  const memory = [memoryMiB(now, 'VmRSS'), memoryMiB(now, 'VmHWM')].map(String);
  rows.push([what, seconds.toFixed(1), (used / 1000).toFixed(1), longest(first), ...memory]);
}

try {
  members.set(...replicas);
  await Promise.all(replicas.map((each) => each.init()));
  await Promise.all(replicas.map((each) => each.start()));
  await allReady(replicas, 60_000);
  await measured('at rest, no keys', () => new Promise((resolve) => setTimeout(resolve, 5000)));
  await measured('its own keys are written', async () => {
    await fill(first);
    await summed(first, 1);
  });
  await measured('and those of two others', async () => {
    await Promise.all(replicas.slice(1).map(fill));
    await Promise.all(replicas.map((each) => summed(each, 3)));
  });
  await measured('HAProxy is reloaded', async () => {
    await reloadOverMaster(first.masterSocket);
    await eventually(async () => (await status(first)).aggregate?.current === false, patient);
    await current(first);
    await summed(first, 3);
  });
  await measured('the sidecar is killed, and starts', async () => {
    await first.killSidecar();
    first.startSidecar();
    await eventually(() => first.ready(), patient);
    await current(first);
    await summed(first, 3);
  });
  const head = ['what', 'seconds', 's of CPU', 'longest work, ms', 'RSS, MiB', 'peak'];
  console.log(
    `${keys.toLocaleString('en')} keys of three replicas, a count and a rate\n\n${markdown(head, rows)}`,
  );
} finally {
  await Promise.all(replicas.map((each) => each.kill()));
  removeFolder(folder);
}
