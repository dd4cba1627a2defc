import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { reloadOverMaster } from '../../src/haproxy/master.ts';
import { eventually } from '../helpers/eventually.ts';
import { haproxyBranch, programs } from '../helpers/programs.ts';
import { connected, createPair, type Pair, watchTable, worker } from '../rig/pair.ts';
import type { Replica } from '../rig/replica.ts';
import { fillTable, heldEntries } from '../rig/table.ts';
import { startWriter } from '../rig/writer.ts';
import { markdown } from './retention/report.ts';

/** What HAProxy's own handover costs: time without entries after a reload and a start, and updates lost in flight. */
interface Options {
  readonly entries: readonly number[];
  readonly rates: readonly number[];
  readonly repeat: number;
  readonly seconds: number;
  readonly haproxy?: string;
  readonly network: string;
}
const numbers = (text: string) => text.split(',').map(Number);
const options = new Command('npm run bench -- handover')
  .option('--entries <n,…>', 'sizes of the table', numbers, [40_000, 200_000, 1_000_000])
  .option('--rates <n,…>', 'new entries a second', numbers, [1000, 10_000, 50_000])
  .option('--repeat <n>', 'times each', Number, 3)
  .option('--seconds <n>', 'of writing; the reload is in the middle', Number, 4)
  .option('--haproxy <path>', 'HAProxy program')
  .option('--network <prefix>', 'first three numbers of the loopback addresses', '127.0.8')
  .allowExcessArguments(false)
  .parse(process.argv)
  .opts<Options>();
const haproxy = options.haproxy ?? programs.haproxy34 ?? programs.haproxy ?? programs.haproxy30;
if (haproxy === undefined) {
  console.error('HAProxy is missing: see docs/contributing.md.');
  process.exit(1);
}

let stand: Pair | null = null;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => void (stand?.close() ?? Promise.resolve()).then(() => process.exit(1)));
}

async function onStand<T>(play: (on: Pair) => Promise<T>): Promise<T> {
  const own = await createPair(haproxy ?? '', options.network);
  stand = own;
  try {
    return await play(own);
  } finally {
    await own.close();
  }
}

const range = (values: readonly number[]) =>
  [...values]
    .sort((left, right) => left - right)
    .map((value) => value.toFixed(0))
    .join(', ');

async function onlyOneWorker(replica: Replica): Promise<void> {
  const lonely = async () => !(await replica.ask('show info')).includes('Stopping: 1');
  await eventually(lonely, { timeoutMs: 30_000 });
  await sleep(1000);
}

async function sizes(): Promise<readonly (readonly string[])[]> {
  const rows: string[][] = [];
  for (const entries of options.entries) {
    await onStand(async ({ writer, reader, fresh }) => {
      console.log(`${entries} entries: filling`);
      await fillTable(writer, entries);
      const full = async () => (await reader.entries()) >= entries;
      await eventually(full, { timeoutMs: 120_000 });
      const [silent, incomplete, held, reloaded, started, learned]: number[][] = [
        [],
        [],
        [],
        [],
        [],
        [],
      ];
      for (let round = 1; round <= options.repeat; round++) {
        const { pid } = await worker(writer);
        const watching = watchTable(
          writer,
          ({ used }) => used >= entries,
          (seen) => seen.pid !== pid,
        );
        await reloadOverMaster(writer.masterSocket);
        const { firstMs, first, doneMs } = await watching;
        silent?.push(firstMs);
        held?.push(first.used);
        incomplete?.push(doneMs - firstMs);
        reloaded?.push(doneMs);
        await connected(writer, reader.name);
        await onlyOneWorker(writer);
        console.log(`  reload ${round}: complete ${doneMs.toFixed(0)} ms after it was asked for`);
      }
      for (let round = 1; round <= options.repeat; round++) {
        const watching = watchTable(fresh, ({ used }) => used >= entries);
        await fresh.startHaproxy();
        const { firstMs, doneMs } = await watching;
        started?.push(firstMs);
        learned?.push(doneMs - firstMs);
        console.log(`  start ${round}: complete ${doneMs.toFixed(0)} ms after it was started`);
        await fresh.kill();
        await sleep(1000);
      }
      rows.push([
        entries.toLocaleString('en'),
        ...[silent, held, incomplete, reloaded, started, learned].map((values) =>
          range(values ?? []),
        ),
      ]);
    });
  }
  return rows;
}

/** New entries through the admin socket, `perSecond` of them; resolves with the keys that were answered. */
async function pour(
  replica: Replica,
  perSecond: number,
  seconds: number,
): Promise<readonly string[]> {
  const keys: string[] = [];
  const startedAt = performance.now();
  let given = 0;
  for (;;) {
    const elapsed = (performance.now() - startedAt) / 1000;
    if (elapsed >= seconds) return keys;
    // A line of HAProxy's command line is 16 KiB at most.
    const due = Math.min(Math.floor(elapsed * perSecond) - given, 250);
    if (due > 0) {
      const batch = Array.from(
        { length: due },
        (_, index) => `live-${(given + index).toString(36)}`,
      );
      given += due;
      const line = batch.map((key) => `set table sessions key ${key} data.gpc0 1`).join(';');
      const answered = await replica.ask(line).then(
        () => true,
        () => false,
      );
      if (answered) keys.push(...batch);
    }
    if (due < 250) await sleep(5);
  }
}

async function overHttp(replica: Replica, perSecond: number, seconds: number) {
  const writer = startWriter({ targets: () => [replica], perSecond });
  await sleep(seconds * 1000);
  await writer.stop();
  return writer.acks.map(({ key }) => key);
}

async function settled(replicas: readonly Replica[]): Promise<void> {
  let seen = '';
  let sinceMs = Date.now();
  await eventually(
    async () => {
      const counts = (await Promise.all(replicas.map((replica) => replica.entries()))).join();
      if (counts !== seen) sinceMs = Date.now();
      seen = counts;
      return Date.now() - sinceMs >= 3000;
    },
    { timeoutMs: 120_000 },
  );
}

interface Flight {
  readonly written: number;
  readonly writer: number;
  readonly reader: number;
  readonly both: number;
}

type Reloaded = 'nobody' | 'writer' | 'reader';

async function flight(way: 'socket' | 'http', rate: number, reloaded: Reloaded): Promise<Flight> {
  return onStand(async ({ writer, reader }) => {
    const { seconds } = options;
    const pouring = (way === 'http' ? overHttp : pour)(writer, rate, seconds);
    await sleep((seconds * 1000) / 2);
    if (reloaded !== 'nobody') {
      await reloadOverMaster((reloaded === 'writer' ? writer : reader).masterSocket);
    }
    const keys = await pouring;
    await settled([writer, reader]);
    const [atWriter, atReader] = [await heldEntries(writer), await heldEntries(reader)];
    const lack = (held: ReadonlyMap<string, number>) => keys.filter((key) => !held.has(key));
    const [missingThere, missingHere] = [new Set(lack(atReader)), lack(atWriter)];
    return {
      written: keys.length,
      writer: missingHere.length,
      reader: missingThere.size,
      both: missingHere.filter((key) => missingThere.has(key)).length,
    };
  });
}

async function flights(): Promise<readonly (readonly string[])[]> {
  const rows: string[][] = [];
  const ways = [
    ...options.rates.map((rate) => ['socket', rate] as const),
    ['http', options.rates[0] ?? 1000] as const,
  ];
  for (const [way, rate] of ways) {
    for (const reloaded of ['nobody', 'writer', 'reader'] as const) {
      const runs: Flight[] = [];
      for (let round = 1; round <= options.repeat; round++) {
        runs.push(await flight(way, rate, reloaded));
        console.log(`  ${way}, ${rate}/s, reload of ${reloaded}: ${JSON.stringify(runs.at(-1))}`);
      }
      rows.push([
        way,
        rate.toLocaleString('en'),
        reloaded,
        ...(['written', 'writer', 'reader', 'both'] as const).map((name) =>
          runs.map((run) => run[name].toLocaleString('en')).join('; '),
        ),
      ]);
    }
  }
  return rows;
}

console.log(`HAProxy ${haproxyBranch(haproxy)}\n`);
const sizeHead = [
  'entries',
  'new worker answers, ms after the reload',
  'entries it holds then',
  'ms until it has all',
  'ms from reload to all',
  'fresh replica answers, ms after its start',
  'ms until it has all',
];
const flightHead = [
  'written by',
  'entries a second',
  'reload of',
  'written',
  'missing on the writer',
  'missing on the reader',
  'on both',
];
const sizeRows = await sizes();
console.log(`\n${markdown(sizeHead, sizeRows)}\n`);
const flightRows = await flights();
console.log(`\n${markdown(sizeHead, sizeRows)}\n\n${markdown(flightHead, flightRows)}`);
process.exit(0);
