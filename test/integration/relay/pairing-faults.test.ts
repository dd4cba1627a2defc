import { beforeAll, describe, expect, it } from 'vitest';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { eachHaproxy } from '../../helpers/each-haproxy.ts';
import { eventually } from '../../helpers/eventually.ts';
import { onlyInAll, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { type CrewMember, createCrew } from '../../rig/relay-crew.ts';

const patient = { timeoutMs: 30_000 };
/** The one of the suite that runs. */
let haproxy = '';

/** The messages between two sidecars by which a session is made, in their order. */
const steps = ['state', 'begin', 'first up', 'second up'] as const;
type Step = (typeof steps)[number];
type Crew = ReturnType<typeof createCrew>;
type Fault = (one: CrewMember, crew: Crew) => Promise<void>;

const hold = (entries: number, ...all: readonly CrewMember[]) =>
  eventually(async () => {
    const held = await Promise.all(all.map(({ stand }) => stand.entries()));
    if (held.some((each) => each !== entries)) throw new Error(`${held.join(', ')} of ${entries}`);
    return true;
  }, patient);
const ready = (...all: readonly CrewMember[]) =>
  eventually(() => all.every(({ relay }) => relay.readiness().ready), patient);
const failures = (one: CrewMember) =>
  one.lines.filter(({ msg }) => msg === 'not paired' || msg === 'session ended').length;

/** The one that holds everything, and one that comes: `act` at that step, before the message of it is handed on. */
async function meet(
  at: Step,
  act: (old: CrewMember, late: CrewMember, crew: Crew) => Promise<void>,
) {
  let seen: string[] = [];
  let acted: Promise<void> | undefined;
  let both: readonly [CrewMember, CrewMember] | undefined;
  const crew: Crew = createCrew(haproxy, {
    hold(_from, _to, message) {
      if (both === undefined || acted !== undefined) return undefined;
      const { type } = message as { type: string };
      seen = [...seen, type];
      const ups = seen.filter((each) => each === 'up').length;
      const step = type === 'up' ? (ups === 1 ? 'first up' : 'second up') : type;
      if (step !== at) return undefined;
      acted = act(...both, crew);
      return acted;
    },
  });
  const [old] = await crew.join('a');
  if (old === undefined) throw new Error('no a');
  await ready(old);
  await old.stand.write('old-', 2000);
  const [late] = await crew.appear('b');
  if (late === undefined) throw new Error('no b');
  both = [old, late];
  crew.heal('a', 'b');
  await eventually(() => acted !== undefined, patient);
  await acted;
  return { crew, old, late };
}

/** Another sidecar in its place, linked with the other as `links.ts` would do it. */
const restart: Fault = async (one, crew) => {
  await crew.restartSidecar(one.name);
  crew.heal('a', 'b');
};
const reload: Fault = async ({ stand }) => {
  const before = await stand.worker();
  await reloadOverMaster(stand.masterSocket, { timeoutMs: 10_000 });
  await eventually(async () => (await stand.worker()) !== before, patient);
};
/** Until somebody has noticed it. */
const stand: Fault = async (one) => {
  const worker = await one.stand.worker();
  const before = failures(one);
  await stopProcess(worker);
  void eventually(() => failures(one) > before, patient)
    .catch(() => {})
    .finally(() => process.kill(worker, 'SIGCONT'));
};
const standMaster: Fault = async ({ stand: { masterPid } }) => {
  await stopProcess(masterPid);
  // Sessions are the worker's: nobody can tell, and nobody may have to.
  setTimeout(() => process.kill(masterPid, 'SIGCONT'), 500);
};

const faults: readonly (readonly [string, Fault, readonly Step[]])[] = [
  ['the sidecar is killed and another one starts', restart, ['begin', 'second up']],
  ['HAProxy is reloaded', reload, ['first up']],
  ['the worker stands still for as long as nobody notices', stand, ['first up']],
  ['the master stands still', standMaster, ['second up']],
];
const cases = faults.flatMap(([title, fault, often]) =>
  steps.flatMap((step) =>
    (['old', 'late'] as const).map((who) => ({
      ...{ title, fault, step, who, skip: often.includes(step) ? undefined : onlyInAll },
    })),
  ),
);

for (const { title: version, program, options } of eachHaproxy)
  describe(`while a session is made, HAProxy ${version}`, options, () => {
    beforeAll(() => {
      haproxy = program;
    });
    for (const { title, fault, step, who, skip } of cases)
      it(`${title}, of the one that ${who === 'old' ? 'holds all' : 'has come'}, at "${step}": both hold everything in the end`, {
        ...unless(skip),
        timeout: 60_000,
      }, async () => {
        const { crew } = await meet(step, (old, late, all) =>
          fault(who === 'old' ? old : late, all),
        );
        const [a, b] = crew.members('a', 'b');
        if (a === undefined || b === undefined) throw new Error('none');

        await hold(2000, a, b);
        await ready(a, b);
        await a.stand.write('a-', 50);
        await b.stand.write('b-', 50);
        await hold(2100, a, b);
        expect([a, b].map(({ relay }) => relay.readiness().ready)).toEqual([true, true]);
      });
  });
