import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { Cursor } from '../../src/aggregate/codec/cursor.ts';
import { layoutOf } from '../../src/aggregate/codec/layout.ts';
import { readValues, writeValues } from '../../src/aggregate/codec/values.ts';
import { Writer } from '../../src/aggregate/codec/writer.ts';
import { sumPlan } from '../../src/aggregate/merge/plan.ts';
import { createSummer } from '../../src/aggregate/merge/summer.ts';
import { Runs } from '../../src/aggregate/store/runs.ts';
import { Store } from '../../src/aggregate/store/store.ts';
import type { Stored } from '../../src/lesson/definition.ts';
import { markdown } from './retention/report.ts';

interface Options {
  readonly keys: number;
  readonly origins: readonly number[];
}
const options = new Command('npm run bench -- aggregate')
  .option('--keys <n>', 'keys of the table', Number, 1_000_000)
  .option(
    '--origins <n,…>',
    'replicas, one process each',
    (text) => text.split(',').map(Number),
    [1, 3, 10],
  )
  .allowExcessArguments(false)
  .parse(process.argv)
  .opts<Options>();

const one = (name: string, more: Partial<Stored> = {}): Stored => ({
  ...{ name, kind: 'number', isArray: false, isLocal: false, count: 1, periodMs: 0 },
  ...more,
});
/** What a limit of requests needs: a count and a rate. */
const layout = layoutOf([one('gpc0'), one('http_req_rate', { kind: 'rate', periodMs: 10_000 })]);
const words = Uint32Array.of(5, 1000, 2, 3);

/** Milliseconds of CPU of this process. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function nanosecondsEach(count: number, act: (at: number) => void): string {
  for (let at = 0; at < Math.min(count, 20_000); at++) act(at);
  const before = cpuMs();
  for (let at = 0; at < count; at++) act(at);
  return (((cpuMs() - before) / count) * 1e6).toFixed(0);
}

function codec(): readonly (readonly string[])[] {
  const writer = new Writer(1024);
  const entry = () => writeValues(writer, layout, words, { from: 0, now: 1500 });
  entry();
  const bytes = writer.take();
  const cursor = new Cursor();
  const out = new Uint32Array(layout.words);
  const summer = createSummer(sumPlan(layout, layout));
  return [
    [
      'values of an entry written',
      nanosecondsEach(500_000, () => {
        writer.at = 0;
        entry();
      }),
    ],
    [
      'values of an entry read',
      nanosecondsEach(500_000, () => {
        cursor.start(bytes, 0, bytes.length, 'bench');
        readValues(cursor, layout, out, { to: 0, now: 1500, mayHaveMore: false });
      }),
    ],
    [
      'three parts summed',
      nanosecondsEach(500_000, () => {
        summer.begin(1500);
        for (let part = 0; part < 3; part++) summer.add(words, 0);
        summer.finish(out, 0);
      }),
    ],
  ];
}

/** Fills one store, and says how much memory it takes. */
function store(origins: number): readonly string[] {
  const memory = () => {
    globalThis.gc?.();
    return process.memoryUsage();
  };
  const before = memory();
  const runs = new Runs();
  const table = new Store({
    layout,
    runs,
    maxKeys: options.keys,
    seed: randomBytes(4).readUInt32BE(),
    now: 0,
  });
  const startMs = cpuMs();
  const key = Buffer.alloc(64);
  let longest = 0;
  for (let origin = 0; origin < origins; origin++) {
    const run = runs.add(`origin-${origin}`, 1) ?? 0;
    let chunkMs = cpuMs();
    for (let at = 0; at < options.keys; at++) {
      const row = table.put(key, 0, key.write(`user-${at}-abcdef`, 'latin1'));
      table.set(row, { run, sequence: 1, expiry: 600_000, words }, 1000);
      if (at % 2000 !== 1999) continue;
      longest = Math.max(longest, cpuMs() - chunkMs);
      chunkMs = cpuMs();
    }
  }
  const each = ((cpuMs() - startMs) / options.keys / origins) * 1e6;
  // Sums wait to be told in no sidecar for long.
  while (table.sums.take() !== -1);
  const after = memory();
  const perKey = (name: 'arrayBuffers' | 'rss') =>
    ((after[name] - before[name]) / options.keys).toFixed(0);
  return [
    ...[String(origins), perKey('arrayBuffers'), perKey('rss'), (after.rss / 2 ** 20).toFixed(0)],
    ...[each.toFixed(0), longest.toFixed(1), String(table.evicted)],
  ];
}

const [origins = 1, ...more] = options.origins;
if (more.length === 0) {
  console.log(JSON.stringify(store(origins)));
} else {
  const { execFileSync } = await import('node:child_process');
  const rows = options.origins.map((count) => {
    const given = [
      '--expose-gc',
      import.meta.filename,
      '--keys',
      String(options.keys),
      '--origins',
      String(count),
    ];
    return JSON.parse(
      execFileSync(process.execPath, given, { encoding: 'utf8' }),
    ) as readonly string[];
  });
  console.log(markdown(['step', 'nanoseconds of CPU'], codec()));
  const head = [
    'origins',
    'bytes a key',
    'of RSS',
    'RSS, MiB',
    'ns of CPU a part',
    'longest 2,000 parts, ms',
    'evicted',
  ];
  console.log(
    `\n${options.keys.toLocaleString('en')} keys, a count and a rate\n\n${markdown(head, rows)}`,
  );
}
