import type { Member } from '../../../model/member.ts';
import type { Candidate } from '../../../snapshot/decide/taker.ts';
import type { Status } from '../../../telemetry/status-schema.ts';
import type { Heard } from './others.ts';

/** The `/status` of a member; null: it does not answer. Never rejects. */
export type Ask = (member: Member, signal: AbortSignal) => Promise<Status | null>;

export interface Asking {
  /** Asks some of them, those first that were asked longest ago, and not more often than once in a second. */
  look(members: readonly Member[], signal: AbortSignal): Promise<void>;
  heard(member: Member): Heard | undefined;
}

/** Of many replicas that start together, each asks so many at once. */
const atOnce = 20;
const apartMs = 1000;

/** Names are taken over by pods that follow. */
function keyOf({ name, uid, address }: Member): string {
  return `${name} ${uid ?? ''} ${address}`;
}

/** What other members say, and since when they say nothing. */
export function createAsking(ask: Ask, now: () => number): Asking {
  let known = new Map<string, Heard & { readonly askedAtMs: number }>();
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    async look(members, signal) {
      known = new Map(
        members.flatMap((member) => {
          const key = keyOf(member);
          const heard = known.get(key);
          return heard === undefined ? [] : [[key, heard] as const];
        }),
      );
      if (now() - lastMs < apartMs) return;
      lastMs = now();
      const askedAt = (member: Member) =>
        known.get(keyOf(member))?.askedAtMs ?? Number.NEGATIVE_INFINITY;
      const turn = members.toSorted((a, b) => askedAt(a) - askedAt(b)).slice(0, atOnce);
      await Promise.all(
        turn.map(async (member) => {
          const [askedAtMs, key] = [now(), keyOf(member)];
          const status = await ask(member, signal);
          if (signal.aborted) return;
          const since = known.get(key)?.silentSinceMs ?? askedAtMs;
          known.set(key, { status, askedAtMs, silentSinceMs: status === null ? since : null });
        }),
      );
    },
    heard: (member) => known.get(keyOf(member)),
  };
}

const inTurn = 10;

/**
 * Those before this replica by name that take snapshots when they are ready, up to the first that is. `members`: the others.
 */
export async function candidatesBefore(
  self: string,
  members: readonly Member[],
  ask: Ask,
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  const before = members
    .filter(({ name, terminating, serving }) => name < self && !terminating && serving !== false)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (let at = 0; at < before.length && !signal.aborted; at += inTurn) {
    const some = before.slice(at, at + inTurn);
    const answers = await Promise.all(some.map((member) => ask(member, signal)));
    const found = some.find((_, index) => {
      const status = answers[index];
      return status?.ready === true && status.restore !== undefined;
    });
    if (found !== undefined) return [{ name: found.name, ready: true, terminating: false }];
  }
  return [];
}
