import type { Known } from './index.ts';

/** An entry of the teacher, as it is when it is looked at. */
export interface Offered {
  /** When it expires there, in milliseconds of the own clock. */
  readonly expiresAtMs: number;
  /** That may be wrong by so much. */
  readonly uncertainMs: number;
  readonly data: number;
  /** The same `data` means the same values: it has no rates, which change by themselves. */
  readonly isWhole: boolean;
  /** Of its table, in milliseconds; 0: entries stay. */
  readonly tableExpireMs: number;
  /** It was written before what the session began with, which does not bring it. */
  readonly isBeforeSession?: boolean;
}

export type Choice =
  | 'missing'
  | 'newer'
  /** Both were written at the same time, with different values: that of the larger hash, on both sides. */
  | 'tie'
  | 'same-or-older'
  /** It was written so late that the session brings it: to play it could put it over a newer one. */
  | 'recent';

/**
 * Expiries of one update differ by this much at the most between two replicas that have it: the way of the update, and what was left of it is
 * told in whole milliseconds. Measured on a machine that was busy otherwise: 8 ms at 300 updates a second, 60 ms at 10,000.
 */
export const marginMs = 1000;

/**
 * Updates that were held up come later still, and count as new from then on. Where nothing but the expiry differs by less than this, the entry
 * is left as it is, so that a burst is not played again.
 */
const sameMarginMs = 10_000;

/** An update comes over the session within this time. */
const sessionMs = 500;

/**
 * An update that HAProxy has written itself, up to the mark. What it has learned it numbers half a circle away, from there on
 * (src/stick_table.c), so that only what is near is looked at.
 */
export function isUpToMark(mark: number | undefined, id: number): boolean {
  return mark !== undefined && (mark - id) >>> 0 < 2 ** 30;
}

/** Whether to take an entry. `comparedAtMs`: when the index of the own HAProxy was begun. */
export function choose(offered: Offered, own: Known | undefined, comparedAtMs: number): Choice {
  const { expiresAtMs, tableExpireMs } = offered;
  if (tableExpireMs === 0) return own === undefined ? 'missing' : 'same-or-older';
  const wanted = wants(offered, own);
  const isRecent =
    !offered.isBeforeSession && expiresAtMs - tableExpireMs > comparedAtMs - sessionMs;
  return isRecent && wanted !== 'same-or-older' ? 'recent' : wanted;
}

function wants({ expiresAtMs, uncertainMs, data, isWhole }: Offered, own: Known | undefined) {
  if (own === undefined) return 'missing';
  const later = expiresAtMs - own.expiresAtMs;
  const needed = isWhole && data === own.data ? sameMarginMs : marginMs;
  if (later > needed + uncertainMs) return 'newer';
  const isTie = Math.abs(later) <= marginMs && uncertainMs <= marginMs && data > own.data;
  return isTie ? 'tie' : 'same-or-older';
}
