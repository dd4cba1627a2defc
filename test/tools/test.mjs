// `npm test` and `npm run test:e2e`: the checks, then vitest with the arguments given, and one line of sums at the end.
// node test/tools/test.mjs [--check] [--programs] [--second-try] VITEST-ARGUMENTS
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterSecondTry, secondTry, sums } from './second-try.mjs';
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
const wantsSecondTry = has('--second-try');
const prepared = await setup({ programs: has('--programs') });

const failedChecks = [];
for (const [tool, args] of wantsCheck ? checks : []) {
  console.log(`> ${tool} ${args.join(' ')}`);
  if ((await run(prepared, tool, args)) !== 0) failedChecks.push(tool);
}

const first = await vitest(argv);
const again = wantsSecondTry ? secondTry(first) : [];
if (again.length > 0) console.log(`> once more, alone: ${again.join(' ')}`);
const summary =
  again.length === 0 ? first : afterSecondTry(first, await vitest([...config(), ...again]));

/** Failures that are named at the end. */
const saidAtMost = 30;

const { passed, skipped, failed: failedTests } = sums(summary);
const failed = failedTests + failedChecks.length;
if (again.length > 0)
  for (const failure of first.failures)
    console.log(`failed at first, and was run once more alone: ${failure}`);
for (const [reason, tests] of Object.entries(summary.reasons))
  console.log(`skipped (${tests}): ${reason}`);
for (const failure of summary.failures.slice(0, saidAtMost)) console.log(`failed: ${failure}`);
if (summary.failures.length > saidAtMost) console.log('failed: and more');
for (const tool of failedChecks) console.log(`failed: ${tool} (npm run check)`);
const skips = skipped === 0 ? '' : `, ${skipped} skipped`;
// The last line, which .ci/run reads.
console.log(`${passed} passed, ${failed} failed${skips}`);
// A run without a single test is a mistake in the call, not a success.
const empty = passed + failedTests + skipped === 0;
if (empty) console.error('no test was run');
process.exitCode = summary.code !== 0 || failed > 0 || empty ? 1 : 0;

/** Runs vitest with these arguments: what the reporter has written, and the exit code. */
async function vitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'haproxy-peer-sync-test-'));
  const file = join(folder, 'summary.json');
  const reporters = ['--reporter=default', '--reporter=./test/tools/summary-reporter.ts'];
  const env = { ...prepared.env, SUMMARY_FILE: file };
  const target = ['run', '--root', '.', ...reporters, ...args];
  const code = await run({ ...prepared, env }, 'vitest', target);
  try {
    return { ...JSON.parse(readFileSync(file, 'utf8')), code };
  } catch {
    return { files: {}, outside: 1, reasons: {}, failures: ['no summary was written'], code };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function config() {
  const at = argv.indexOf('--config');
  return at === -1 ? [] : argv.slice(at, at + 2);
}
