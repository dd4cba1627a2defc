import type { Differences } from '../../src/modules/relay/difference/differences.ts';

/** Replicas that are never compared. */
export const noDifferences: Pick<Differences, 'link' | 'stop'> = {
  link: () => ({
    hear: () => false,
    look() {},
    parted() {},
    askToCompare() {},
    willCompare: () => false,
  }),
  async stop() {},
};
