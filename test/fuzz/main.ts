// npm run fuzz -- [--seconds 60] [--seed N] [TARGET…]: each target for so long; exit code 1 with a counterexample.
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { targets } from './targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
});
const names = positionals.length > 0 ? positionals : Object.keys(targets);
const unknown = names.filter((name) => targets[name] === undefined);
const seconds = Number(values.seconds);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (unknown.length > 0 || !(seconds > 0) || !Number.isInteger(seed)) {
  console.error(
    `usage: npm run fuzz -- [--seconds N] [--seed N] [${Object.keys(targets).join('|')}]`,
  );
  process.exit(2);
}

for (const name of names) {
  const target = targets[name];
  if (target === undefined) continue;
  const found = await fc.check(target, {
    seed,
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: seconds * 1000,
  });
  console.log(
    `${name}: seed ${found.seed}, ${found.numRuns} inputs, ${found.failed ? 'FAILED' : 'ok'}`,
  );
  if (!found.failed) continue;
  console.log(`${fc.defaultReportMessage(found)}\n${String(found.errorInstance)}`);
  process.exitCode = 1;
}
