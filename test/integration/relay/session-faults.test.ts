import { beforeAll, describe, expect, it } from 'vitest';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { eachHaproxy } from '../../helpers/each-haproxy.ts';
import { eventually } from '../../helpers/eventually.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { alike } from '../../rig/crew-values.ts';
import { type CrewMember, createCrew } from '../../rig/relay-crew.ts';

const patient = { timeoutMs: 30_000 };
/** The one of the suite that runs. */
let haproxy = '';

const hold = (entries: number, ...all: readonly CrewMember[]) =>
  eventually(async () => {
    const held = await Promise.all(all.map(({ stand }) => stand.entries()));
    if (held.some((each) => each !== entries)) throw new Error(`${held.join(', ')} of ${entries}`);
    return true;
  }, patient);
const ready = (...all: readonly CrewMember[]) =>
  eventually(() => all.every(({ relay }) => relay.readiness().ready), patient);

async function raise(crew: ReturnType<typeof createCrew>, ...names: readonly string[]) {
  const all = await crew.join(...names);
  await ready(...all);
  return all as readonly [CrewMember, CrewMember, CrewMember];
}

for (const { title: version, program, options } of eachHaproxy)
  describe(`replicas whose surroundings fail, HAProxy ${version}`, options, () => {
    beforeAll(() => {
      haproxy = program;
    });
    it('without the API server from the start serve alone, are not ready, and share everything once it is back', async () => {
      const crew = createCrew(haproxy);
      crew.discovery(false);
      const [a, b] = await crew.appear('a', 'b');
      if (a === undefined || b === undefined) throw new Error('none');
      // HAProxy asks in vain for 5 s, and takes writes all the time.
      await a.stand.write('a-', 100);
      await b.stand.write('b-', 100);
      await eventually(
        async () => (await a.stand.finished()) && (await b.stand.finished()),
        patient,
      );
      const unknown = { ready: false, reasons: ['the members are not known yet'] };
      await eventually(() =>
        expect([a, b].map(({ relay }) => relay.readiness())).toEqual([unknown, unknown]),
      );
      expect(await a.stand.entries()).toBe(100);

      crew.discovery(true);
      crew.heal('a', 'b');

      await hold(200, a, b);
      await ready(a, b);
    });

    it('that lose the API server later stay ready, connected and in step', async () => {
      const crew = createCrew(haproxy);
      const [a, b] = await raise(crew, 'a', 'b');
      crew.discovery(false);
      await a.stand.write('a-', 100);
      await hold(100, a, b);

      expect([a, b].every(({ relay }) => relay.readiness().ready)).toBe(true);
    });

    it('that are all deleted at once are followed by others, which are ready with nothing, and do not wait for HAProxy to give up', async () => {
      const crew = createCrew(haproxy);
      const [a] = await raise(crew, 'a', 'b', 'c');
      await a.stand.write('a-', 100);
      await Promise.all(['a', 'b', 'c'].map((name) => crew.leave(name)));

      const next = await raise(crew, 'd', 'e', 'f');

      // HAProxy itself would give up after 5 s. Whoever is told first teaches the others that there is nothing.
      const told = 'nobody holds entries: HAProxy is told that there is nothing to learn';
      expect(next.some(({ lines }) => lines.some(({ msg }) => msg === told))).toBe(true);
      await next[0].stand.write('d-', 100);
      await hold(100, ...next);
    });

    it('do not look at the date: it jumps by days, and by years', async () => {
      let turn = 0;
      const crew = createCrew(haproxy, {
        wallNow() {
          turn += 1;
          return [0, 1e12, -1e12, 2e12][turn % 4] ?? 0;
        },
      });
      const [a, b] = await raise(crew, 'a', 'b');
      await a.stand.write('a-', 500);
      crew.cut('b');
      crew.heal('a', 'b');
      const [c] = await raise(crew, 'c');
      await hold(500, a, b, c);
      await Promise.all([a, b, c].map(({ relay }) => relay.status()));

      expect(turn).toBeGreaterThanOrEqual(3);
    });

    it.each(['teaches', 'learns'] as const)(
      'where the one that %s is reloaded by its user during the lesson: it holds everything in the end',
      async (which) => {
        const crew = createCrew(haproxy);
        const [a] = await raise(crew, 'a');
        await a.stand.write('a-', 60_000);
        const [b] = await crew.join('b');
        if (b === undefined) throw new Error('no b');
        // It has some, and not all.
        await eventually(async () => (await b.stand.entries()) > 0, { ...patient, intervalMs: 1 });
        const { stand } = which === 'teaches' ? a : b;
        await reloadOverMaster(stand.masterSocket, { timeoutMs: 10_000 });

        // HAProxy 3.0 counts some too many now and then where it is taught anew, so what it lists is compared.
        await eventually(async () => (await b.stand.entries()) >= 60_000, patient);
        await alike([a, b], 60_000);
        await ready(a, b);
      },
    );

    it('one that answers 200 and then nothing keeps nobody from learning from the others', async () => {
      let stopped: Promise<void> | undefined;
      let worker = 0;
      const crew = createCrew(haproxy, {
        hold(from, to, message) {
          const { type } = message as { type: string };
          // Its leg is open, and nothing has passed yet.
          if (from !== 'b' || to !== 'c' || type !== 'up' || stopped !== undefined)
            return undefined;
          stopped = stopProcess(worker);
          return stopped;
        },
      });
      const [a, b] = await raise(crew, 'a', 'b');
      await a.stand.write('a-', 1000);
      await hold(1000, a, b);
      worker = await b.stand.worker();
      const [c] = await crew.appear('c');
      if (c === undefined) throw new Error('no c');
      try {
        crew.heal('b', 'c');
        await eventually(() => stopped !== undefined, patient);
        crew.heal('a', 'c');
        await hold(1000, c);
        await a.stand.write('late-', 10);
        await hold(1010, a, c);
      } finally {
        process.kill(worker, 'SIGCONT');
      }
      await hold(1010, a, b, c);
      await ready(a, b, c);
      expect(stopped).toBeDefined();
    });

    it('whose HAProxy answers 504 for a slot ask ever more seldom, and the other sessions do not suffer', async () => {
      const crew = createCrew(haproxy, { slots: 8, loadedSlots: 1 });
      const [a, b] = await raise(crew, 'a', 'b');
      const [c] = await crew.join('c');
      if (c === undefined) throw new Error('no c');
      const began = performance.now();
      // It has a slot for one of them, which has none for it.
      const tries = () =>
        [a, b].flatMap(({ lines }) =>
          lines.filter(({ msg, pod }) => msg === 'not paired' && pod === 'c'),
        );
      // 0, 0, 25, 50, 100, … 1600 ms: the eighth comes after three seconds.
      await eventually(() => tries().length >= 8, patient);
      expect(performance.now() - began).toBeGreaterThan(1000);
      await a.stand.write('a-', 100);
      await hold(100, a, b);

      expect(tries().map(({ why }) => why)).toContainEqual(
        expect.stringMatching(/no such peer|could not be reset/),
      );
      expect(
        [a, b].flatMap((one) => one.lines.filter(({ msg }) => msg === 'session ended')),
      ).toEqual([]);
    });

    it('that are more than there are slots say so to the operator, and those that have one share', async () => {
      const crew = createCrew(haproxy, { slots: 2 });
      const all = await raise(crew, 'a', 'b', 'c');
      const [d] = await crew.join('d');
      if (d === undefined) throw new Error('no d');
      const said = () =>
        all.flatMap(({ notices }) =>
          notices.filter(({ reason }) => reason === 'SlotsExhausted').slice(0, 1),
        );
      // The new one has slots for two of them itself, and the third is not asked.
      await eventually(() => said().length >= 2, patient);
      await all[0].stand.write('a-', 100);
      await hold(100, ...all);

      expect(new Set(said().map(({ message }) => message))).toEqual(
        new Set(['all 2 slots are in use: nothing is shared with d']),
      );
      expect(all.every(({ relay }) => relay.readiness().ready)).toBe(true);
      expect(d.relay.readiness()).toMatchObject({ ready: false });
    });
  });
