import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const files = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && name !== 'clock.ts')
  .map((name) => ({ name, text: readFileSync(new URL(`src/${name}`, root), 'utf8') }));

/** Lines of the program, but of src/clock.ts, that match. Comments count too: they are easily worded otherwise. */
function found(pattern: RegExp): readonly string[] {
  return files.flatMap(({ name, text }) =>
    text
      .split('\n')
      .filter((line) => pattern.test(line) && !/^\s*(\/?\*|\/\/)/.test(line))
      .map((line) => `${name}: ${line.trim()}`),
  );
}

it('is read by src/clock.ts alone', () => {
  expect(files.length).toBeGreaterThan(100);
  expect(found(/Date\.now|new Date\(\)|performance\.|hrtime|process\.uptime/)).toEqual([]);
});

it('has timers that cannot overflow, started by src/clock.ts alone', () => {
  expect(found(/\bset(Timeout|Interval)\b|timers\/promises/)).toEqual([]);
});

it('gives AbortSignal.timeout constants, and what is handed over by callers with constants', () => {
  expect(found(/AbortSignal\.timeout\((?!answerMs\)|limitMs\))/)).toEqual([]);
});

it('tells the date only where it is shown or compared with another date', () => {
  const readers = files.filter(({ text }) => /\bwallNow\b/.test(text)).map(({ name }) => name);
  expect(readers.toSorted()).toEqual([
    'cli/backends.ts',
    'cli/reload-snapshots.ts',
    'cli/run-lessons.ts',
    'cli/run-relay.ts',
    'cli/run.ts',
    'cli/serve.ts',
    'cli/snapshot-list.ts',
    'cli/snapshot-restore.ts',
    'cli/snapshot-show.ts',
    'cli/snapshot-take.ts',
    'cli/start.ts',
    'cli/status.ts',
    'doctor/gather/gather.ts',
    'doctor/gather/look-at-pods.ts',
    'doctor/gather/look-at-snapshots.ts',
    'engine/ready-marker-file.ts',
    'modules/peers/gate/keeper.ts',
    'modules/peers/join/bootstrap.ts',
    'modules/peers/module.ts',
    'modules/relay/keeper.ts',
    'modules/relay/relay-options.ts',
    'modules/relay/start/write-config.ts',
    'modules/snapshot/create.ts',
    'modules/snapshot/restoring.ts',
    'modules/snapshot/take.ts',
    'modules/snapshot/told.ts',
    'sources/dns.ts',
    'sources/file.ts',
    'sources/kubernetes/follow.ts',
    'sources/observation.ts',
    'telemetry/connections.ts',
    'telemetry/scrape.ts',
    'telemetry/status-board.ts',
    'telemetry/table-samples.ts',
  ]);
});
