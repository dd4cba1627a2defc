import type { Member } from '../../../model/member.ts';
import type { Other } from '../../../snapshot/decide/choose.ts';
import type { Status } from '../../../telemetry/status-schema.ts';

/** What a member has said when it was last asked. */
export interface Heard {
  /** Null: it did not answer. */
  readonly status: Status | null;
  /** Since when it has not, milliseconds of the monotonic clock; null: it has. */
  readonly silentSinceMs: number | null;
}

/** Whether a replica holds what there is, by its own word. Undefined: not known, which is not the same as nothing. */
function holdsBy({ resync, ready, restore, tables }: Status): boolean | undefined {
  // Its HAProxy does not answer: it may start without tables, or be back in a moment with all of them.
  if (resync === null) return undefined;
  if (restore !== undefined) return restore.holds;
  // It takes no part in snapshots, or is of an earlier version. A ready one with empty tables has them as they should be.
  if (ready || tables.some(({ shared, used }) => shared && used > 0)) return true;
  return resync === 'pending' ? undefined : false;
}

/** Whether a replica that does not answer holds something, by what the source says of it. */
function holdsMute({ serving }: Member, silentMs: number, trustedMs: number): boolean | undefined {
  // None of its containers has started.
  if (serving === false) return false;
  // Called ready for a while after its node or its containers have ended, and for good where only this replica is cut off.
  return serving === true && silentMs >= trustedMs ? true : undefined;
}

/**
 * Another member, for whoever decides what is restored. `heard` is undefined for one that was not asked yet. `trustedMs`: how long one
 * that does not answer must be called ready before that counts.
 */
export function otherOf(
  member: Member,
  heard: Heard | undefined,
  nowMs: number,
  trustedMs: number,
): Other {
  const { name } = member;
  if (heard === undefined) return { name, holds: undefined, offer: null };
  const { status, silentSinceMs } = heard;
  if (status === null)
    return {
      ...{ name, offer: null },
      holds: holdsMute(member, nowMs - (silentSinceMs ?? nowMs), trustedMs),
    };
  return { name, holds: holdsBy(status), offer: status.restore?.offer ?? null };
}
