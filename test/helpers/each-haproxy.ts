import type { TestOptions } from 'vitest';
import { haproxyVersions } from './programs.ts';
import { missingOf, onlyInAll, unless } from './skip.ts';

interface Each {
  readonly title: string;
  readonly program: string;
  /** Of the suite. */
  readonly options: TestOptions;
}

const there = haproxyVersions.filter(([, program]) => program !== undefined);

/** Each HAProxy there is: the newest one in each run, the others with `npm run test:all`. Where there is none, one suite that says so. */
export const eachHaproxy: readonly Each[] =
  there.length === 0
    ? [{ title: 'of no version', program: '', options: unless(missingOf({ HAProxy: undefined })) }]
    : there.map(([title, program = ''], at) => ({
        ...{ title, program },
        options: unless(at === 0 ? undefined : onlyInAll),
      }));
