import { describe, expect, it } from 'vitest';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { createLessonCrew, type Pupil } from '../../rig/lesson-crew.ts';

const lesson = 'lesson by difference';
/** From the moment that a split is healed, on a machine that may do much else. */
const healing = { timeoutMs: 30_000, intervalMs: 100 };

/** All hold the same, with the same values, and so many. */
function alike(all: readonly Pupil[], count: number, within = healing): Promise<unknown> {
  return eventually(async () => {
    const [first, ...others] = await Promise.all(all.map((each) => each.held()));
    const sizes = [first, ...others].map((held) => held?.size);
    if (sizes.some((size) => size !== count)) throw new Error(`${sizes.join(', ')} of ${count}`);
    for (const other of others) {
      const different = [...(first ?? [])].filter(([key, value]) => other.get(key) !== value);
      if (different.length > 0) throw new Error(`different: ${different.slice(0, 3).join(' ')}`);
    }
    return true;
  }, within);
}

const learned = ({ lines }: Pupil) =>
  lines.filter(({ level, msg }) => level === 'info' && msg === lesson);

async function reload({ stand }: Pupil): Promise<void> {
  const before = await stand.worker();
  await reloadOverMaster(stand.masterSocket, { timeoutMs: 10_000 });
  await eventually(async () => (await stand.worker()) !== before);
  await eventually(() => stand.finished());
}

for (const [title, haproxy] of haproxyVersions) {
  describe(
    `lessons in reload mode, HAProxy ${title}`,
    unless(missingOf({ [title]: haproxy })),
    () => {
      const quick = unless(title === '3.4' ? undefined : onlyInAll);
      const slow = unless(onlyInAll);
      async function three() {
        const crew = await createLessonCrew(haproxy ?? '', 'a', 'b', 'c');
        await crew.join();
        const [a, b, c] = crew.all;
        if (a === undefined || b === undefined || c === undefined) throw new Error('none');
        await a.write('before-', 300);
        await alike([a, b, c], 300);
        return { crew, a, b, c };
      }

      it('brings what both sides of a split wrote with reloads in it, and of two values the newer', {
        ...quick,
        timeout: 60_000,
      }, async () => {
        const { crew, a, b, c } = await three();
        crew.cut('c');
        await a.write('first-a-', 50, 1);
        await c.write('first-c-', 50, 2);
        await a.write('a-', 200, 2);
        await b.write('b-', 200, 3);
        await c.write('c-', 200, 4);
        // A copy that comes late counts as written when it came.
        await alike([a, b], 750);
        // Of what is written within a second of each other either value may stay.
        await new Promise((resolve) => setTimeout(resolve, 1500));
        await c.write('first-a-', 50, 5);
        await a.write('first-c-', 50, 6);
        await eventually(async () => (await b.held()).get('first-c-49') === '6');
        // What a worker has taken over it never sends: nobody but a lesson brings it.
        await Promise.all([a, b, c].map(reload));
        crew.heal('c');

        await alike([a, b, c], 1000);
        const held = await b.held();
        for (let at = 0; at < 50; at++)
          expect([held.get(`first-a-${at}`), held.get(`first-c-${at}`)]).toEqual(['5', '6']);
      });

      it('brings them though only the sessions were away', {
        ...slow,
        timeout: 90_000,
      }, async () => {
        const { crew, a, b, c } = await three();
        await eventually(() => [a, b, c].every((each) => learned(each).length >= 2), healing);
        crew.cut('c', 'links stay');
        await c.write('c-', 200);
        await a.write('a-', 200);
        await alike([a, b], 500);
        await Promise.all([a, c].map(reload));
        crew.heal('c', 'links stay');

        await alike([a, b, c], 700);
      });

      it('brings what a reload took that was on its way', {
        ...quick,
        timeout: 60_000,
      }, async () => {
        const { crew, a, b, c } = await three();
        crew.freeze('a');
        await a.write('on-its-way-', 200);
        await reload(a);
        crew.heal('a', 'links stay');

        await alike([a, b, c], 500);
      });

      it('begins none while a reload is near, and makes up for it', {
        ...slow,
        timeout: 90_000,
      }, async () => {
        const { crew, a, b, c } = await three();
        await eventually(() => [a, b, c].every((each) => learned(each).length >= 2), healing);
        a.busy = true;
        crew.cut('c');
        await Promise.all([a.write('a-', 100), c.write('c-', 100)]);
        await Promise.all([a, c].map(reload));
        const before = learned(a).length;
        crew.heal('c');
        await eventually(async () => (await b.held()).size === 500, healing);
        expect(learned(a).length).toBe(before);
        expect(a.lessons().sinceMs()).toBeNull();
        a.busy = false;

        await alike([a, b, c], 500);
      });

      it('goes on where a sidecar ends in the middle of a lesson', {
        ...slow,
        timeout: 90_000,
      }, async () => {
        const { crew, a, b, c } = await three();
        crew.cut('c');
        await a.write('many-', 30_000);
        await c.write('c-', 100);
        await Promise.all([a, c].map(reload));
        crew.heal('c');
        await eventually(() => c.lessons().sinceMs() !== null, {
          timeoutMs: 15_000,
          intervalMs: 2,
        });
        await c.restartSidecar();
        crew.link('a', 'c');
        crew.link('b', 'c');

        await alike([a, b, c], 30_400, { timeoutMs: 30_000, intervalMs: 300 });
      });
    },
  );
}
