import type { LegOptions } from '../relay/legs/open-leg.ts';

/** Where HAProxy listens, what it calls itself, and the slot that lessons are given on. */
export type LegPlace = Pick<LegOptions, 'at' | 'local' | 'slot'>;
