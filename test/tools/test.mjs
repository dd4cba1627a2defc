// `npm test` and `npm run test:e2e`: the checks, then vitest with the arguments given, and one line of sums at the end.
// node test/tools/test.mjs [--check] [--programs] VITEST-ARGUMENTS
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, setup } from './setup.mjs';

const checks = [
  ['biome', ['ci', '.']],
  ['tsc', ['-p', '.']],
];

const argv = process.argv.slice(2);
const has = (flag) => {
  const at = argv.indexOf(flag);
  return at !== -1 && argv.splice(at, 1).length === 1;
};
const wantsCheck = has('--check');
const prepared = await setup({ programs: has('--programs') });

const failedChecks = [];
for (const [tool, args] of wantsCheck ? checks : []) {
  console.log(`> ${tool} ${args.join(' ')}`);
  if ((await run(prepared, tool, args)) !== 0) failedChecks.push(tool);
}

const folder = mkdtempSync(join(tmpdir(), 'haproxy-peer-sync-test-'));
const file = join(folder, 'summary.json');
const code = await run({ ...prepared, env: { ...prepared.env, SUMMARY_FILE: file } }, 'vitest', [
  'run',
  '--root',
  '.',
  '--reporter=default',
  '--reporter=./test/tools/summary-reporter.ts',
  ...argv,
]);
const summary = read(file);
rmSync(folder, { recursive: true });

/** Failures that are named at the end. */
const saidAtMost = 30;

const failed = summary.failed + failedChecks.length;
for (const [reason, tests] of Object.entries(summary.reasons))
  console.log(`skipped (${tests}): ${reason}`);
for (const failure of summary.failures.slice(0, saidAtMost)) console.log(`failed: ${failure}`);
if (summary.failures.length > saidAtMost) console.log('failed: and more');
for (const tool of failedChecks) console.log(`failed: ${tool} (npm run check)`);
const skipped = summary.skipped === 0 ? '' : `, ${summary.skipped} skipped`;
console.log(`${summary.passed} passed, ${failed} failed${skipped}`);
// A run without a single test is a mistake in the call, not a success.
const empty = summary.passed + summary.failed + summary.skipped === 0;
if (empty) console.error('no test was run');
process.exitCode = code !== 0 || failed > 0 || empty ? 1 : 0;

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0, reasons: {}, failures: ['no summary was written'] };
  }
}
