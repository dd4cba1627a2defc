import { changedEntries } from '../../src/model/changes.ts';
import { planPeers } from '../../src/modules/peers/plan.ts';
import { member, membership, section, self } from '../helpers/members.ts';

const count = 1000;
const rounds = 200;
const settings = { port: 3000, keep: new Set<string>(), expected: [] };
const many = Array.from({ length: count }, (_, index) =>
  member(`web-${index}`, { address: `10.1.${index >> 8}.${index & 255}` }),
);
const desired = membership(member('a'), ...many);
const actual = section([
  'a',
  ...many.slice(1).map(({ name, address }) => ({ name, address, port: 3000 })),
]);

function time(run: () => void): number {
  run();
  const startedAt = performance.now();
  for (let round = 0; round < rounds; round++) run();
  return (performance.now() - startedAt) / rounds;
}

const plan = time(() => planPeers(desired, actual, self(), settings));
// The baseline: the least anybody has to do, which is to look at every name once.
const baseline = time(() => new Set(actual.entries.map((entry) => entry.name)));
const result = planPeers(desired, actual, self(), settings);
if (result.kind !== 'changes' || changedEntries(actual, result.changes).length !== count + 1) {
  throw new Error('the plan is wrong');
}
console.log(`plan with ${count} members, one of them new: ${plan.toFixed(2)} ms`);
console.log(
  `baseline, one look at every name: ${baseline.toFixed(2)} ms (ratio ${(plan / baseline).toFixed(1)})`,
);
