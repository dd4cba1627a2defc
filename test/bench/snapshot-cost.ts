import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openLeg } from '../../src/modules/relay/legs/open-leg.ts';
import { resetSlot } from '../../src/modules/relay/legs/reset-slot.ts';
import { readRelaySection } from '../../src/modules/relay/section/read.ts';
import { lessonSlot, localName } from '../../src/modules/relay/section/slots.ts';
import { heartbeat, resyncFinished, resyncRequest } from '../../src/modules/relay/wire/messages.ts';
import { snapshotsIn } from '../../src/snapshot/file/folder.ts';
import { eventually } from '../helpers/eventually.ts';
import { programs } from '../helpers/programs.ts';
import { makeFolder, removeFolder } from '../helpers/temporary-folder.ts';
import { membersFile } from '../rig/members-file.ts';
import { ownNetwork } from '../rig/network.ts';
import { allReady, raise } from '../rig/raise.ts';
import { createReplica } from '../rig/replica.ts';
import { fillTable } from '../rig/table.ts';
import { imageEnvironment, imageFlags } from './image.ts';
import { cpuMsOf, memoryMiB } from './process.ts';

const usage = `npm run bench -- snapshot-cost [--entries 1000000] [--rounds 3]
What a snapshot and its restore cost the sidecar of the image and HAProxy, beside a bare reader of the same entries.`;

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
const haproxy = programs.haproxy34 ?? programs.haproxy;
if (values.help || haproxy === undefined) {
  console.log(values.help ? usage : 'HAProxy is missing: see docs/contributing.md.');
  process.exit(values.help ? 0 : 1);
}
const entries = Number(values.entries);
const patient = { timeoutMs: 600_000, intervalMs: 50 };

const folder = makeFolder('hps-bench-');
const members = membersFile(join(folder, 'members.json'));
const relayKey = join(folder, 'key');
writeFileSync(relayKey, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
const directory = join(folder, 'snapshots');
mkdirSync(directory);
const replica = createReplica(
  {
    ...{ haproxy, dataplane: null, directory: folder, relayKey, sourceFlags: members.sourceFlags },
    ...{ main: join(process.cwd(), 'dist/main.js'), tableSize: `${entries}` },
    ...{ nodeFlags: imageFlags, env: imageEnvironment },
    flags: [`--snapshot=${directory}`, '--snapshot-interval=10s', '--snapshot-keep=2'],
  },
  'r0',
  `${ownNetwork()}.1`,
);

const worker = async () => Number(/^Pid: (\d+)/m.exec(await replica.ask('show info'))?.[1]);

/** From now on the peak is that of what follows (proc(5), clear_refs). */
function forgetPeak(): void {
  writeFileSync(`/proc/${replica.sidecarPid()}/clear_refs`, '5');
}

async function newestFile(): Promise<string | undefined> {
  return (await snapshotsIn(directory))
    .map(({ file }) => file)
    .toSorted()
    .at(-1);
}

/** Reads all entries as a snapshot does, and throws them away. Milliseconds of HAProxy's processor time. */
async function bareReader(): Promise<number> {
  const section = readRelaySection(readFileSync(replica.configFile, 'utf8'), 'haproxy-peers');
  if (section === null) throw new Error('no section');
  const { signal } = new AbortController();
  const at = { at: section.at, local: localName, slot: lessonSlot, timeoutMs: 5000, signal };
  const pid = await worker();
  const before = cpuMsOf(pid);
  await resetSlot({ ...at, tables: section.tables });
  const opened = await openLeg(at);
  if (opened.kind !== 'up') throw new Error(opened.why);
  const { leg } = opened;
  leg.write(resyncRequest);
  const beats = setInterval(() => leg.write(heartbeat), 1000);
  await new Promise<void>((resolve) => {
    leg.onData((chunk) => {
      if (chunk.subarray(-resyncFinished.length).equals(resyncFinished)) resolve();
    });
  });
  const used = cpuMsOf(pid) - before;
  clearInterval(beats);
  leg.close();
  await leg.closed;
  return used;
}

try {
  members.set(replica);
  await raise(replica);
  await fillTable(replica, entries);
  const pid = await worker();
  // One may be under way since before all were written: what HAProxy does for the writing is none of its cost.
  const whileWritten = await newestFile();
  await eventually(async () => (await newestFile()) !== whileWritten, patient);
  for (let round = 0; round < Number(values.rounds); round++) {
    const atRest = memoryMiB(replica.sidecarPid(), 'VmRSS');
    const last = await newestFile();
    forgetPeak();
    const before = { sidecar: cpuMsOf(replica.sidecarPid()), haproxy: cpuMsOf(pid) };
    await eventually(async () => (await newestFile()) !== last, patient);
    const used = {
      sidecar: cpuMsOf(replica.sidecarPid()) - before.sidecar,
      haproxy: cpuMsOf(pid) - before.haproxy,
    };
    const path = join(directory, (await newestFile()) ?? '');
    const bare = await bareReader();
    console.log(
      `${entries} entries recorded: processor ${used.sidecar} ms, HAProxy ${used.haproxy} ms (for a bare reader ${bare} ms); memory ${atRest} MiB before, ${memoryMiB(replica.sidecarPid(), 'VmHWM')} at the peak; file ${(statSync(path).size / 1e6).toFixed(1)} MB`,
    );
  }
  await replica.kill();
  await replica.start();
  const startedAt = performance.now();
  await allReady([replica], 120_000);
  console.log(
    `restored: ready ${(performance.now() - startedAt).toFixed(0)} ms after HAProxy answered, with ${await replica.entries()} entries; memory ${memoryMiB(replica.sidecarPid(), 'VmHWM')} MiB at the peak, processor since its start ${cpuMsOf(replica.sidecarPid())} ms`,
  );
} finally {
  await replica.kill();
  removeFolder(folder);
}
