import type { Notice } from '../../model/notice.ts';
import { mayRun, type Partner } from './ready.ts';

/** Members that run and have no session with us: since when each has been so, and when that was last told. */
export interface Apart {
  readonly sinceMs: ReadonlyMap<string, number>;
  readonly toldAtMs: number | null;
}

export const nobodyApart: Apart = { sinceMs: new Map(), toldAtMs: null };

function why({ view }: Partner): string {
  if (view === undefined) return 'no link';
  return view === null ? 'its HAProxy does not answer' : 'no session';
}

/**
 * What an operator must learn of members that stay apart, after `limitMs` and again each time after the same duration. Times are
 * milliseconds of a monotonic clock.
 */
export function apartNotice(
  before: Apart,
  partners: readonly Partner[],
  limitMs: number,
  nowMs: number,
): { readonly apart: Apart; readonly notice: Notice | null } {
  const all = partners.filter(({ member, paired }) => !paired && mayRun(member));
  const sinceMs = new Map(
    all.map(({ member: { name } }) => [name, before.sinceMs.get(name) ?? nowMs]),
  );
  const late = all.filter(({ member }) => nowMs - (sinceMs.get(member.name) ?? nowMs) >= limitMs);
  const toldAtMs = late.length === 0 ? null : before.toldAtMs;
  if (late.length === 0 || (toldAtMs !== null && nowMs - toldAtMs < limitMs))
    return { apart: { sinceMs, toldAtMs }, notice: null };
  const seconds = Math.round(limitMs / 1000);
  const who = late.map((partner) => `${partner.member.name} (${why(partner)})`).join(', ');
  return {
    apart: { sinceMs, toldAtMs: nowMs },
    notice: {
      reason: 'PeersApart',
      message: `not connected for more than ${seconds} s: ${who}`,
    },
  };
}
