import { describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { type CrewMember, createCrew } from '../../rig/relay-crew.ts';

const patient = { timeoutMs: 30_000 };
/** So many heartbeats come in about three times the silence after which HAProxy ends a session. */
const many = 5;

const allReady = (crew: readonly CrewMember[]) =>
  eventually(() => crew.every(({ relay }) => relay.readiness().ready), patient);

/** Heartbeats that this HAProxy has got in the sessions that it has now. */
async function heartbeats({ stand }: CrewMember): Promise<number> {
  const counts = [...(await stand.ask('show peers')).matchAll(/rx_hbt=(\d+)/g)];
  return Math.max(0, ...counts.map(([, count]) => Number(count)));
}

const sessionsEnded = ({ lines }: CrewMember) => lines.filter(({ msg }) => msg === 'session ended');

for (const [at, [title, haproxy]] of haproxyVersions.entries()) {
  const missing = missingOf({ [title]: haproxy }) ?? (at === 0 ? undefined : onlyInAll);
  describe(`a session in which nobody writes, HAProxy ${title}`, unless(missing), () => {
    const program = haproxy ?? '';

    for (const version of ['as this', 'as an earlier one'])
      it(`lasts, with the other sidecar ${version}, and with this one no heartbeat crosses the link`, {
        ...unless(version === 'as this' ? undefined : onlyInAll),
      }, async () => {
        const crew = createCrew(program, {
          hold(_from, _to, message) {
            // An earlier one does not say it, and does not know what it means.
            if (version === 'as an earlier one') delete (message as { beats?: boolean }).beats;
            return undefined;
          },
        });
        const [a, b] = await crew.join('a', 'b');
        if (a === undefined || b === undefined) throw new Error('no two');
        await allReady([a, b]);
        await a.stand.write('k', 10);
        await eventually(async () => (await b.stand.entries()) === 10, patient);
        const enough = async () => (await heartbeats(a)) >= many && (await heartbeats(b)) >= many;
        await eventually(enough, patient);

        expect([a, b].flatMap(sessionsEnded)).toEqual([]);
        if (version === 'as this') expect(crew.links.heartbeats()).toBe(0);
        else expect(crew.links.heartbeats()).toBeGreaterThan(0);
      });

    it('ends when one HAProxy stands still, and is there again when it goes on', async () => {
      const crew = createCrew(program);
      const [a, b] = await crew.join('a', 'b');
      if (a === undefined || b === undefined) throw new Error('no two');
      await allReady([a, b]);
      await a.stand.write('before-', 10);
      await eventually(async () => (await b.stand.entries()) === 10, patient);
      const worker = await b.stand.worker();
      await stopProcess(worker);
      try {
        await eventually(() => sessionsEnded(a).length > 0, patient);
        await a.stand.write('meanwhile-', 10);
      } finally {
        process.kill(worker, 'SIGCONT');
      }
      await b.stand.write('after-', 10);
      await eventually(
        async () => (await a.stand.entries()) === 30 && (await b.stand.entries()) === 30,
        patient,
      );
    });
  });
}
