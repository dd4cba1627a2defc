import { leftOutReasons } from '../../../engine/left-out.ts';
import type { Membership } from '../../../model/membership.ts';
import type { Source } from '../../../sources/source.ts';

export interface SettleOptions {
  readonly source: Source;
  readonly selfName: string;
  /** How long the members must be unchanged. */
  readonly windowMs: number;
  /** The longest wait for that, once they are known. */
  readonly limitMs: number;
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Called about once a second while the members are unknown, with the reason. */
  readonly onWait: (notes: readonly string[]) => void;
  /** Do not wait because of running replicas that the selector leaves out (--allow-left-out). */
  readonly allowLeftOut?: boolean;
  readonly signal: AbortSignal;
}

const lookAgainMs = 50;

function fingerprint(membership: Membership): string {
  return membership.members.map((member) => `${member.name} ${member.address}`).join('\n');
}

/**
 * The members once they are known, include this pod and have been quiet for a moment, so that pods that
 * start together know each other from the beginning. Waits as long as the members are unknown, or the selector
 * leaves out those who could teach this pod: a pod that starts without them would lose the tables for good.
 */
export async function settledMembers(options: SettleOptions): Promise<Membership> {
  const { source, now, signal } = options;
  let knownAtMs: number | null = null;
  let changedAtMs = now();
  let seen = '';
  let saidAtMs = now();
  for (;;) {
    signal.throwIfAborted();
    const membership = source.snapshot();
    const known =
      membership.synced && membership.members.some(({ name }) => name === options.selfName);
    const blocked = leftOutReasons(membership, options.allowLeftOut === true);
    if (known && blocked.length === 0) {
      knownAtMs ??= now();
      const current = fingerprint(membership);
      if (current !== seen) changedAtMs = now();
      seen = current;
      const quiet = now() - changedAtMs >= options.windowMs;
      if (quiet || now() - knownAtMs >= options.limitMs) return membership;
    } else if (now() - saidAtMs >= 1000) {
      saidAtMs = now();
      const own =
        membership.synced && !known
          ? [`the members do not include this pod (${options.selfName}) yet`]
          : [];
      options.onWait([...own, ...blocked, ...membership.notes]);
    }
    await options.sleep(lookAgainMs, signal);
  }
}
