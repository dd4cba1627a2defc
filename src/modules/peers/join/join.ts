import { inTurns } from '../../../in-turns.ts';
import type { HelloOutcome } from '../../../model/hello.ts';
import type { Member, Self } from '../../../model/member.ts';
import { type JoinDecision, join } from './decision.ts';

/** Asks one sibling whether it knows this pod by name. */
export type AskHello = (sibling: Member, signal: AbortSignal) => Promise<HelloOutcome>;

export interface JoinOptions {
  readonly self: Self;
  /** The members as known at this moment: siblings may come and go while we wait. */
  readonly members: () => readonly Member[];
  readonly ask: AskHello;
  readonly timeoutMs: number;
  readonly silenceLimitMs: number;
  readonly leavingLimitMs: number;
  /** Pause between two rounds. */
  readonly intervalMs: number;
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onWait: (decision: JoinDecision) => void;
  readonly signal: AbortSignal;
}

/** How many siblings are asked at the same time. */
const parallel = 16;

/**
 * Waits until every running sibling knows this pod. An accepted hello is a session that can disturb a sibling
 * in its own resync, so each is asked until its first yes and never again.
 */
export async function joinSiblings(options: JoinOptions): Promise<JoinDecision> {
  const { self, signal } = options;
  const startedAtMs = options.now();
  const outcomes = new Map<string, HelloOutcome>();
  const askedAt = new Map<string, string>();
  const refusals = new Map<string, number>();
  for (;;) {
    const siblings = options.members().filter((member) => member.name !== self.name);
    for (const sibling of siblings) {
      // Another address under the same name is another pod, which has to be asked anew.
      if (askedAt.get(sibling.name) === sibling.address) continue;
      outcomes.delete(sibling.name);
      refusals.delete(sibling.name);
    }
    const decision = join(
      {
        outcomes,
        siblings: siblings.map(({ name }) => name),
        serving: servingOf(siblings),
        refusals,
        leaving: new Set(siblings.filter(({ terminating }) => terminating).map(({ name }) => name)),
        leavingLimitMs: options.leavingLimitMs,
        startedAtMs,
        timeoutMs: options.timeoutMs,
        silenceLimitMs: options.silenceLimitMs,
      },
      options.now(),
    );
    if (decision.kind === 'start') return decision;
    options.onWait(decision);
    const asked = siblings.filter((sibling) => decision.ask.includes(sibling.name));
    if (asked.every((sibling) => outcomes.has(sibling.name))) {
      await options.sleep(options.intervalMs, signal);
    }
    await inTurns(asked, parallel, async (sibling) => {
      const { name, address } = sibling;
      const outcome = await options.ask(sibling, signal);
      outcomes.set(name, outcome);
      askedAt.set(name, address);
      const refused = outcome === 'refused' || outcome === 'wrong-name';
      refusals.set(name, refused ? (refusals.get(name) ?? 0) + 1 : 0);
    });
    signal.throwIfAborted();
  }
}

function servingOf(siblings: readonly Member[]): ReadonlyMap<string, boolean> {
  return new Map(
    siblings.flatMap(({ name, serving }) => (serving === undefined ? [] : [[name, serving]])),
  );
}
