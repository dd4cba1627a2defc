import { describe, it } from 'vitest';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { type CrewMember, createCrew } from '../../rig/relay-crew.ts';
import { writeSteadily } from '../../rig/relay-writer.ts';

const patient = { timeoutMs: 15_000 };

/** As many that a new worker is seen while it takes them over. */
const filled = 40_000;

async function keysOf({ stand }: CrewMember): Promise<ReadonlySet<string>> {
  const text = await stand.ask('show table sessions');
  return new Set([...text.matchAll(/key=(\S+)/g)].map((found) => found[1] ?? ''));
}

/** Nobody lacks what anybody holds. */
async function noneMissing(crew: readonly CrewMember[]): Promise<void> {
  await eventually(async () => {
    const held = await Promise.all(crew.map(keysOf));
    const all = new Set(held.flatMap((keys) => [...keys]));
    const missing = held.map((keys) => all.size - keys.size);
    if (missing.some((count) => count > 0)) throw new Error(`missing: ${missing.join(', ')}`);
    return true;
  }, patient);
}

async function reload({ stand }: CrewMember): Promise<void> {
  const before = await stand.worker();
  await reloadOverMaster(stand.masterSocket, { timeoutMs: 10_000 });
  await eventually(async () => (await stand.worker()) !== before);
}

const cases: readonly (readonly [
  string,
  (a: CrewMember, b: CrewMember, c: CrewMember) => Promise<unknown>,
])[] = [
  ['of one', (a) => reload(a)],
  ['of two at once', (a, b) => Promise.all([reload(a), reload(b)])],
  ['of all at once', (a, b, c) => Promise.all([reload(a), reload(b), reload(c)])],
  ['twice in a row', (a) => reload(a).then(() => reload(a))],
  ['of one, and of who is taught then', (a, b) => reload(a).then(() => reload(b))],
];

for (const [title, haproxy] of haproxyVersions) {
  describe(
    `reloads by hand while all write 3,000 keys a second, ${title}`,
    // One reload under writes is played with each version in each run (sessions.test.ts).
    unless(missingOf({ [title]: haproxy }) ?? (title === '3.4' ? undefined : onlyInAll)),
    () => {
      it.each(cases)('%s: nobody lacks what another holds', async (_, reloads) => {
        const crew = createCrew(haproxy ?? '');
        const all = await crew.join('a', 'b', 'c');
        await eventually(() => all.every(({ relay }) => relay.readiness().ready), patient);
        const [a, b, c] = all;
        if (a === undefined || b === undefined || c === undefined) throw new Error('none');
        await a.stand.write('fill-', filled);
        await noneMissing(all);
        const writers = all.map(({ name, stand }) =>
          writeSteadily(stand.adminSocket, 3000, (index) => `${name}-${index}`),
        );
        await eventually(() => writers.every(({ written }) => written > 1500), patient);
        await reloads(a, b, c);
        for (const writer of writers) await writer.stop();
        await noneMissing(all);
      });
    },
  );
}
