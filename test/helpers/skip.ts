import type { TestOptions } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** What a skipped test lacks, as `npm test` says it. */
    missing?: string;
  }
}

/** Options of a suite or a test: it runs unless something is missing, and `npm test` prints what. */
export function unless(missing: string | undefined): TestOptions {
  return missing === undefined ? {} : { skip: true, meta: { missing } };
}

/** What of this is undefined, e.g. `no HAProxy 3.4, no promtool`; undefined where all is there. */
export function missingOf(
  needed: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const absent = Object.keys(needed).filter((name) => needed[name] === undefined);
  return absent.length === 0 ? undefined : absent.map((name) => `no ${name}`).join(', ');
}

/** For what takes minutes and is like something that every run has; undefined, so not skipped, with `npm run test:all`. */
export const onlyInAll =
  process.env.TEST_ALL === '1' ? undefined : 'only npm run test:all has time for it';

/**
 * Of long suites that run for each HAProxy: the oldest and the newest are played in each run, and what is between them, 3.0,
 * with `npm run test:all`.
 */
export function onlyEnds(title: string): string | undefined {
  return /\b3\.0\b/.test(title) ? onlyInAll : undefined;
}
