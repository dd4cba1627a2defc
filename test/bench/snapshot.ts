import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { snapshotsIn } from '../../src/snapshot/file/folder.ts';
import { peekSnapshot } from '../../src/snapshot/file/open-snapshot.ts';
import { programs } from '../helpers/programs.ts';
import { stopProcess } from '../helpers/stop-process.ts';
import { makeFolder, removeFolder } from '../helpers/temporary-folder.ts';
import { membersFile } from '../rig/members-file.ts';
import { ownNetwork } from '../rig/network.ts';
import { raise } from '../rig/raise.ts';
import { createReplica, type Replica } from '../rig/replica.ts';
import { fillTable } from '../rig/table.ts';

const usage = `npm run bench -- snapshot [--entries 40000] [--rate 1000] [--interval 10] [--seconds 10] [--rounds 9]
What snapshots do to the time of requests: one replica, with its sidecar taking one every INTERVAL seconds, and stopped, in turns.`;

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '40000' },
    rate: { type: 'string', default: '1000' },
    interval: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '9' },
    help: { type: 'boolean', default: false },
  },
});
const haproxy = programs.haproxy34 ?? programs.haproxy;
if (values.help || haproxy === undefined) {
  console.log(values.help ? usage : 'HAProxy is missing: see docs/contributing.md.');
  process.exit(values.help ? 0 : 1);
}
const entries = Number(values.entries);
const rate = Number(values.rate);

interface Request {
  /** The date when it was to begin, in milliseconds. */
  readonly atMs: number;
  readonly tookMs: number;
}

/** So many requests a second, each at its time whether those before have ended or not; each counts from the time it was due. */
async function drive({ address, ports }: Replica, seconds: number): Promise<readonly Request[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 100 });
  const done: Request[] = [];
  const all: Promise<void>[] = [];
  const began = performance.now();
  for (let sent = 0; sent < seconds * rate; ) {
    const due = Math.min(seconds * rate, ((performance.now() - began) / 1000) * rate);
    for (; sent < due; sent++) {
      const dueMs = began + (sent / rate) * 1000;
      const path = `/?session=key${sent % entries}`;
      all.push(
        new Promise((resolve, reject) => {
          get({ host: address, port: ports.web, path, agent }, (response) => {
            response.resume();
            response.on('end', () => {
              const tookMs = performance.now() - dueMs;
              done.push({ atMs: performance.timeOrigin + dueMs, tookMs });
              resolve();
            });
          }).on('error', reject);
        }),
      );
    }
    await sleep(1);
  }
  await Promise.all(all);
  agent.destroy();
  return done;
}

function quantiles(requests: readonly Request[]): string {
  const sorted = requests.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(2);
  return `p50 ${at(0.5)}  p99 ${at(0.99)}  p99.9 ${at(0.999)}  most ${at(1)} ms (${sorted.length})`;
}

/** From the request to HAProxy until the file was on the disk. */
async function windowsIn(directory: string): Promise<readonly (readonly [number, number])[]> {
  const found: (readonly [number, number])[] = [];
  for (const { file } of await snapshotsIn(directory)) {
    const path = join(directory, file);
    const header = await peekSnapshot(path);
    if (header !== null) found.push([header.takenAtMs, statSync(path).mtimeMs]);
  }
  return found;
}

const folder = makeFolder('hps-bench-');
const members = membersFile(join(folder, 'members.json'));
const relayKey = join(folder, 'key');
writeFileSync(relayKey, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
const directory = join(folder, 'snapshots');
mkdirSync(directory);
const replica = createReplica(
  {
    ...{ haproxy, dataplane: null, directory: folder, relayKey, sourceFlags: members.sourceFlags },
    flags: [
      `--snapshot=${directory}`,
      `--snapshot-interval=${values.interval}s`,
      '--snapshot-keep=100',
    ],
  },
  'r0',
  `${ownNetwork()}.1`,
);
try {
  members.set(replica);
  await raise(replica);
  await fillTable(replica, entries);
  await drive(replica, 3);
  const [beside, without]: [Request[], Request[]] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    beside.push(...(await drive(replica, Number(values.seconds))));
    await stopProcess(replica.sidecarPid());
    without.push(...(await drive(replica, Number(values.seconds))));
    process.kill(replica.sidecarPid(), 'SIGCONT');
  }
  const windows = await windowsIn(directory);
  const during = beside.filter(({ atMs }) =>
    windows.some(([from, to]) => atMs >= from && atMs <= to),
  );
  const tookMs = windows.map(([from, to]) => to - from).toSorted((a, b) => a - b);
  console.log(
    `${entries} entries, ${rate} requests a second, ${values.rounds} rounds of ${values.seconds} s each way, load ${loadavg()[0]?.toFixed(1)}`,
  );
  console.log(`without snapshots:       ${quantiles(without)}`);
  console.log(`one every ${values.interval} s:         ${quantiles(beside)}`);
  console.log(`of these, during one:    ${quantiles(during)}`);
  console.log(
    `${windows.length} snapshots, ${tookMs[Math.floor(tookMs.length / 2)]?.toFixed(0)} ms each (median; most ${tookMs.at(-1)?.toFixed(0)} ms)`,
  );
} finally {
  await replica.kill();
  removeFolder(folder);
}
