import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { randomOf } from '../../helpers/random.ts';
import { missingOf, onlyEnds, onlyInAll, unless } from '../../helpers/skip.ts';
import { alike, heldBy } from '../../rig/crew-values.ts';
import { type CrewMember, createCrew } from '../../rig/relay-crew.ts';
import { writeSteadily } from '../../rig/relay-writer.ts';

const lesson = 'lesson by difference';
const reloaded = 'HAProxy of one of the two was reloaded';
const patient = { timeoutMs: 15_000, intervalMs: 100 };

async function reload({ stand }: CrewMember): Promise<void> {
  const before = await stand.worker();
  await reloadOverMaster(stand.masterSocket, { timeoutMs: 10_000 });
  await eventually(async () => (await stand.worker()) !== before);
  await eventually(() => stand.finished());
}

const set = ({ stand }: CrewMember, key: string, value: number) =>
  stand.ask(`set table sessions key ${key} data.gpc0 ${value}`);

/** Whether there is a session on the slot for lessons. */
async function hasLesson({ stand }: CrewMember): Promise<boolean> {
  const blocks = (await stand.ask('show peers')).split(/\n(?= {2}0x)/);
  return /appctx:0x[0-9a-f]+/.test(blocks.find((one) => one.includes('id=lesson(')) ?? '');
}

function taken({ lines }: CrewMember): number {
  return lines
    .filter(({ level, msg }) => level === 'info' && msg === lesson)
    .reduce((sum, line) => sum + Number(line.taken), 0);
}

for (const [title, haproxy] of haproxyVersions) {
  describe(
    `lessons by difference, ${title}`,
    unless(missingOf({ [title]: haproxy }) ?? onlyEnds(title)),
    () => {
      /** Takes long, and is the same with all. */
      const slow = title === '3.4' ? undefined : onlyInAll;
      async function three() {
        const crew = createCrew(haproxy ?? '');
        return { crew, ...(await threeOf(crew)) };
      }
      async function threeOf(crew: ReturnType<typeof createCrew>) {
        const all = await crew.join('a', 'b', 'c');
        await eventually(() => all.every(({ relay }) => relay.readiness().ready), patient);
        const [a, b, c] = all;
        if (a === undefined || b === undefined || c === undefined) throw new Error('none');
        await a.stand.write('before-', 500);
        await alike(all, 500);
        return { a, b, c };
      }

      it('brings what a pod wrote in a split that is gone before it heals', async () => {
        const { crew, a, b, c } = await three();
        crew.cut('c');
        await Promise.all([a, b, c].map(({ name, stand }) => stand.write(`${name}-`, 200)));
        await alike([a, b], 900);
        await crew.leave('b');
        crew.heal('a', 'c');

        await alike([a, c], 1100);
        // What a has written itself, too: the session begins behind it.
        await eventually(() => taken(c) === 400 && taken(a) === 200, patient);
      });

      it('brings what a pod wrote in a split that was reloaded before it heals', async () => {
        const { crew, a, b, c } = await three();
        crew.cut('c');
        await Promise.all([a, b, c].map(({ name, stand }) => stand.write(`${name}-`, 200)));
        await alike([a, b], 900);
        await reload(a);
        await reload(c);
        crew.heal('a', 'c');
        crew.heal('b', 'c');

        await alike([a, b, c], 1100);
      });

      // Left to itself HAProxy sends what it has written itself, whichever of two values is newer.
      it('leaves what was written last, on all replicas, of what both sides have written', async () => {
        const { crew, a, b, c } = await three();
        const seed = Math.floor(Math.random() * 2 ** 32);
        console.log(`${title}: seed ${seed}`);
        const random = randomOf(seed);
        const sides = { a, b, c };
        const last = new Map<string, string>();
        crew.cut('c');
        // Times that lie closer together count as one, and are tried below.
        for (let turn = 1; turn <= 3; turn += 1) {
          for (let key = 0; key < 60; key += 1) {
            if (turn > 1 && random() < 0.3) continue;
            const side = (['a', 'b', 'c', 'c'] as const)[Math.floor(random() * 4)] ?? 'a';
            const value = 1 + Math.floor(random() * 1000);
            await set(sides[side], `key-${key}`, value);
            last.set(`key-${key}`, `${value}`);
          }
          if (turn < 3) await new Promise((resolve) => setTimeout(resolve, 1500));
        }
        for (let key = 0; key < 20; key += 1)
          await Promise.all([set(a, `same-${key}`, 5), set(c, `same-${key}`, 6)]);
        crew.heal('a', 'c');
        crew.heal('b', 'c');

        await alike([a, b, c], 580);
        const held = await heldBy(a);
        const older = [...last].filter(([key, wanted]) => held.get(key) !== wanted);
        expect(older, `seed ${seed}`).toEqual([]);
        // What is written from now on comes over the session, and is not compared.
        await set(c, 'key-1', 7001);
        await set(a, 'key-2', 7002);
        await eventually(async () => {
          const all = await Promise.all([a, b, c].map(heldBy));
          return all.every((one) => one.get('key-1') === '7001' && one.get('key-2') === '7002');
        }, patient);
      });

      it('leaves to HAProxy what cannot be compared: tables that are kept for ever, or defined otherwise', async () => {
        const table = (name: string, rest: string) =>
          `backend ${name}\n  stick-table type string size 1k ${rest} peers haproxy-peers\n`;
        const crew = createCrew(haproxy ?? '', {
          sections: (name) =>
            table('forever', 'store gpc0') +
            table('other', `expire ${name === 'c' ? '2h' : '1h'} store gpc0`),
        });
        const { a, b, c } = await threeOf(crew);
        const put = (where: string, value: number, ...all: readonly CrewMember[]) =>
          Promise.all(
            all.map(({ stand }) => stand.ask(`set table ${where} key k data.gpc0 ${value}`)),
          );
        const value = async ({ stand }: CrewMember, where: string) =>
          /gpc0=(\d+)/.exec(await stand.ask(`show table ${where} key k`))?.[1];
        const all = (where: string, wanted: string) =>
          eventually(
            async () =>
              (await Promise.all([a, b, c].map((one) => value(one, where)))).every(
                (each) => each === wanted,
              ),
            patient,
          );
        await put('forever', 1, a);
        await put('other', 1, a);
        await Promise.all([all('forever', '1'), all('other', '1')]);
        crew.cut('c');
        await put('forever', 2, a);
        await put('other', 2, a);
        await set(a, 'new', 3);
        crew.heal('a', 'c');
        crew.heal('b', 'c');

        await Promise.all([all('forever', '2'), all('other', '2')]);
        await alike([a, b, c], 501);
        const told = a.lines.find(({ why }) => /^tables that cannot be compared/.test(`${why}`));
        expect(told).toMatchObject({ msg: 'session ended', pod: 'c' });
        expect([`${told?.why}`.includes('forever'), `${told?.why}`.includes('other')]).toEqual([
          ...[true, true],
        ]);
      });

      // Values that are put over newer ones stay only where nothing is written behind them, so keys are given up all the time.
      it('leaves what was written last where writes go on during the lessons', async () => {
        let isLate = false;
        const crew = createCrew(haproxy ?? '', {
          // What c has recorded is old when it comes.
          hold(from, _to, message) {
            const { step } = message as { step?: string };
            if (from !== 'c' || step !== 'piece') return undefined;
            isLate = true;
            return new Promise((resolve) => setTimeout(resolve, 300));
          },
        });
        const { a, b, c } = await threeOf(crew);
        let value = 0;
        let writing = true;
        const last = new Map<string, string>();
        /** Each of 20 keys at a time is written five times, and then never again. */
        const write = async (one: CrewMember, prefix: string) => {
          for (let turn = 0; writing; turn += 1) {
            const key = `${prefix}${Math.floor(turn / 100) * 20 + (turn % 20)}`;
            value += 1;
            last.set(key, `${value}`);
            await set(one, key, value);
          }
        };
        crew.cut('c');
        await b.stand.write('b-', 200);
        const writers = Promise.all([write(a, 'of-a-'), write(c, 'of-c-')]);
        await eventually(() => value > 500, patient);
        await crew.leave('b');
        crew.heal('a', 'c');
        await eventually(() => taken(c) >= 200, patient);
        // All that follow, too: three at the most in each direction.
        const lessons = () =>
          [a, c].map(
            ({ lines }) =>
              lines.filter(({ level, msg }) => level === 'info' && msg === lesson).length,
          );
        await eventually(() => lessons().every((count) => count >= 1), patient);
        writing = false;
        await writers;

        await alike([a, c], 700 + last.size);
        const held = await heldBy(a);
        const older = [...last].filter(([key, wanted]) => held.get(key) !== wanted);
        expect(older).toEqual([]);
        expect(isLate).toBe(true);
      });

      it('compares after a reload, though the link stays', unless(slow), async () => {
        const { a, b, c } = await three();
        await reload(a);
        const compared = ({ lines }: CrewMember) =>
          lines.some(({ level, why }) => level === 'info' && why === reloaded);
        await eventually(() => [a, b, c].every(compared), { timeoutMs: 30_000 });
        await alike([a, b, c], 500);
      });

      it('gives a lesson again that was cut off with its link', unless(slow), async () => {
        const { crew, a, b, c } = await three();
        await a.stand.write('many-', 30_000);
        await alike([a, b, c], 30_500);
        crew.cut('c');
        await b.stand.write('b-', 200);
        await alike([a, b], 30_700);
        await crew.leave('b');
        crew.heal('a', 'c');
        await eventually(() => hasLesson(c), { timeoutMs: 15_000, intervalMs: 5 });
        crew.cut('c');
        crew.heal('a', 'c');

        await alike([a, c], 30_700);
      });

      it('compares half a million entries without standing still', unless(onlyInAll), async () => {
        const { crew, a, b, c } = await three();
        await Promise.all([0, 1, 2, 3].map((part) => a.stand.write(`${part}-`, 125_000)));
        await eventually(async () => (await c.stand.entries()) === 500_500, { timeoutMs: 30_000 });
        crew.cut('c');
        await b.stand.write('b-', 1000);
        await eventually(async () => (await a.stand.entries()) === 501_500, patient);
        await crew.leave('b');
        const delay = monitorEventLoopDelay({ resolution: 1 });
        delay.enable();
        crew.heal('a', 'c');
        await eventually(() => taken(c) === 1000, { timeoutMs: 30_000 });
        delay.disable();
        const line = c.lines.find(({ level, taken: some }) => level === 'info' && Number(some) > 0);

        console.log(
          `${title}: ${JSON.stringify(line)}; longest standstill of two sidecars in one process ${Math.round(delay.max / 1e6)} ms, 99.9 %: ${Math.round(delay.percentile(99.9) / 1e6)} ms`,
        );
        expect(await c.stand.entries()).toBe(501_500);
      });

      it('brings what a sidecar owed that has started anew right after a reload', async () => {
        const { crew, a, b, c } = await three();
        const writer = writeSteadily(a.stand.adminSocket, 3000, (index) => `written-${index}`);
        await eventually(() => writer.written > 1500, patient);
        await reloadOverMaster(a.stand.masterSocket, { timeoutMs: 10_000 });
        const next = await crew.restartSidecar('a');
        await writer.stop();
        crew.heal('a', 'b');
        crew.heal('a', 'c');
        const { stand } = next;
        await stand.write('after-', 10);

        await alike([next, b, c], 500);
      });
    },
  );
}
