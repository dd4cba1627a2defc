import { describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { alike } from '../../rig/crew-values.ts';
import { type CrewMember, createCrew } from '../../rig/relay-crew.ts';

const patient = { timeoutMs: 30_000, intervalMs: 50 };

for (const [title, haproxy] of haproxyVersions) {
  describe(
    `a network split with writes on both sides, HAProxy ${title}`,
    unless(missingOf({ [title]: haproxy }) ?? (title === '3.4' ? undefined : onlyInAll)),
    () => {
      const written = 500;
      /** Each writes keys of its own. */
      async function write(round: string, ...all: readonly CrewMember[]): Promise<void> {
        await Promise.all(all.map(({ name, stand }) => stand.write(`${round}-${name}-`, written)));
      }

      async function three() {
        const crew = createCrew(haproxy ?? '');
        const [a, b, c] = await crew.join('a', 'b', 'c');
        if (a === undefined || b === undefined || c === undefined) throw new Error('none');
        await eventually(() => [a, b, c].every(({ relay }) => relay.readiness().ready), patient);
        await write('before', a, b, c);
        await alike([a, b, c], 3 * written);
        return { crew, a, b, c };
      }

      it.each([
        ['the larger side', ['a', 'b']],
        ['the smaller side', ['c']],
      ] as const)(
        'and a new replica on %s: once it is healed, all have every entry within 15 s',
        async (_, side) => {
          const { crew, a, b, c } = await three();
          crew.cut('c');
          await write('split', a, b, c);
          const [d] = await crew.appear('d');
          if (d === undefined) throw new Error('no d');
          crew.heal(...side, 'd');
          const [teacher] = crew.members(side[0]);
          if (teacher === undefined) throw new Error('none');
          await eventually(async () => {
            const held = await d.stand.entries();
            return held === (await teacher.stand.entries()) && (await d.stand.finished());
          }, patient);
          await write('joined', a, b, c, d);
          const healedAt = performance.now();
          for (const pair of [
            ['a', 'c'],
            ['b', 'c'],
            ...(['a', 'b', 'c'] as const)
              .filter((name) => !side.some((of) => of === name))
              .map((name) => [name, 'd']),
          ])
            crew.heal(...pair);
          await alike([a, b, c, d], 10 * written);
          const took = performance.now() - healedAt;

          expect(took).toBeLessThan(15_000);
        },
      );
    },
  );
}
