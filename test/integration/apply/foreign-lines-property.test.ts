import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saysTheSame } from '../../../src/config-text/surviving-lines.ts';
import { RemoteError } from '../../../src/errors.ts';
import { noChanges } from '../../../src/model/changes.ts';
import { entry } from '../../contract/applier.case.ts';
import { type RandomConfig, randomConfig } from '../../helpers/haproxy-grammar.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { dataplaneApplier } from '../../rig/appliers.ts';
import { type DataplaneStand, startDataplane } from '../../rig/dataplane-stand.ts';

/** FOREIGN_LINES_SECONDS=600 FOREIGN_LINES_SEED=1 for a long run, or the same one again. */
const seconds = Number(process.env.FOREIGN_LINES_SECONDS ?? 12);
const seed = Number(process.env.FOREIGN_LINES_SEED ?? Date.now() % 1_000_000_000);

const pairs = [
  ['3.4.2', programs.dataplaneV3, 'v3', '3.4', programs.haproxy34],
  ['3.4.2', programs.dataplaneV3, 'v3', '3.0', programs.haproxy30],
  ['2.9.27', programs.dataplaneV2, 'v2', '3.0', programs.haproxy30],
  ['2.9.27', programs.dataplaneV2, 'v2', 'of the distribution', programs.haproxy],
] as const;

/**
 * Every line in a form that knows nothing of sections, order, spaces and quotes, counted. Not the product's own
 * comparison, which is stricter: this one says what nobody would forgive.
 */
function counted(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(
      (line) => !/^$|^#$|^# (_|Dataplaneapi managed|changing file)|^global$|^peer n\d/.test(line),
    )
    .map((line) => {
      if (/^defaults\b/.test(line)) return 'defaults';
      const bare = line.startsWith('#') ? line.replace(/^#\s*/, '# ') : line.replace(/\s+#.*/, '');
      return bare
        .replace(/ from unnamed_defaults_\d+| from d\d+/, '')
        .replaceAll('deny_status', 'status')
        .replaceAll(/["'\\]/g, '')
        .split(/\s+/)
        .toSorted()
        .join(' ');
    })
    .toSorted();
}

/** What is between `.if` and `.endif`, and rules in the order in which HAProxy tries them: a moved one is another rule. */
function inOrder(text: string): readonly string[] {
  const blocks = text.match(/\.if[\s\S]*?\.endif/g) ?? [];
  const sections = text.split(/^(?=[a-z])/m).flatMap((section) => {
    const head = /^(defaults|\S+ \S+)/.exec(section)?.[0] ?? '';
    return [/^[ \t]+http-request\b.*$/gm, /^[ \t]+(default-)?server\b.*$/gm].flatMap((rule) => {
      const found = section.match(rule) ?? [];
      return found.length === 0 ? [] : [`${head}: ${found.flatMap(counted).join('; ')}`];
    });
  });
  // The API writes the sections in another order.
  return [...blocks.flatMap(counted), ...sections].toSorted();
}

describe.each(pairs)(
  'data plane api %s over HAProxy',
  (_title, dataplane, version, branch, haproxy) => {
    const missing = missingOf({ [`HAProxy ${branch}`]: haproxy, 'Data Plane API': dataplane });

    describe(branch, unless(missing), () => {
      let on: DataplaneStand;
      let first = '';
      const outcomes = { written: 0, held: 0, refused: 0 };

      beforeAll(async () => {
        on = await startDataplane({
          version,
          dataplane: dataplane ?? '',
          haproxy: haproxy ?? '',
          blind: true,
        });
        first = on.text();
      });
      afterAll(async () => {
        await on?.stop();
      });

      function textOf({ global, peers, rest }: RandomConfig): string {
        return `${first.replace('global\n', `global\n${global}`).replace(/( {2}peer a .*\n)/, `$1${peers}`)}${rest}`;
      }

      async function check(config: RandomConfig): Promise<void> {
        await on.givenText(textOf(config));
        const before = on.text();
        const applier = dataplaneApplier(on, { retry: { limit: 0, minMs: 1, maxMs: 1 } });
        const never = new AbortController().signal;
        const add = Array.from({ length: config.add }, (_, i) =>
          entry(`n${i}`, `127.0.0.${i + 10}`, 1001),
        );
        try {
          await applier.apply(await applier.read(never), { ...noChanges, add }, never);
          outcomes.written += 1;
          expect(counted(on.text())).toEqual(counted(before));
          expect(inOrder(on.text())).toEqual(inOrder(before));
          expect(saysTheSame(before, on.text().replace(/^ +peer n\d.*\n/gm, ''))).toBe(true);
          for (const { name } of add)
            expect(on.text()).toMatch(new RegExp(`^ +peer ${name} `, 'm'));
        } catch (error) {
          if (!(error instanceof RemoteError)) throw error;
          expect(['SECTION_UNMODELLED', 'DATAPLANE_REJECTED']).toContain(error.code);
          outcomes[error.code === 'SECTION_UNMODELLED' ? 'held' : 'refused'] += 1;
          expect(on.text()).toBe(before);
        }
      }

      it('keeps every line of others in random configurations, or writes nothing', {
        timeout: (seconds + 60) * 1000,
      }, async () => {
        await fc.assert(fc.asyncProperty(randomConfig(branch !== '3.4'), check), {
          seed,
          numRuns: 1_000_000,
          interruptAfterTimeLimit: seconds * 1000,
          endOnFailure: true,
        });
        console.info(`seed ${seed}:`, outcomes);
        expect(outcomes.written).toBeGreaterThan(outcomes.refused / 2);
        expect(outcomes.written).toBeGreaterThan(0);
      });
    });
  },
);
