import { backoffMs } from '../../../model/backoff.ts';
import type { Outcome, Step } from '../plan/step.ts';

interface Refusal {
  readonly tries: number;
  readonly untilMs: number;
  /** Null: HAProxy only asks for time. */
  readonly why: string | null;
}

/** Commands that HAProxy did not carry out: they are repeated, ever less often, so that an idle HAProxy is left alone. */
export interface Refusals {
  /** Without those of servers that are to be left alone for now: what comes behind a refused command would be refused, too. */
  allowed(steps: readonly Step[]): readonly Step[];
  note(step: Step, outcome: Outcome): void;
  /** Forgets those whose command is not wanted any more. */
  keepOnly(steps: readonly Step[]): void;
  /** Each reason once, with a server that has it. */
  reasons(): readonly string[];
  /** Until the next one may be tried again, in milliseconds; null: there is none. */
  wakeMs(): number | null;
}

const pace = { baseMs: 1000, capMs: 60_000 };

/** `now`: milliseconds, monotonic. */
export function createRefusals(now: () => number): Refusals {
  const refusals = new Map<string, Refusal>();
  const keyOf = ({ kind, server }: Step) => `${server} ${kind}`;
  return {
    allowed(steps) {
      const waiting = new Set(
        steps
          .filter((step) => (refusals.get(keyOf(step))?.untilMs ?? 0) > now())
          .map(({ server }) => server),
      );
      return steps.filter(({ server }) => !waiting.has(server));
    },
    note(step, outcome) {
      if (outcome.kind === 'done') return void refusals.delete(keyOf(step));
      const tries = (refusals.get(keyOf(step))?.tries ?? 0) + 1;
      const why = outcome.kind === 'refused' ? outcome.why : null;
      refusals.set(keyOf(step), { tries, why, untilMs: now() + backoffMs(tries, pace) });
    },
    keepOnly(steps) {
      const wanted = new Set(steps.map(keyOf));
      for (const key of refusals.keys()) if (!wanted.has(key)) refusals.delete(key);
    },
    reasons() {
      const byWhy = new Map<string, string>();
      for (const [key, { why }] of refusals)
        if (why !== null && !byWhy.has(why)) byWhy.set(why, key.split(' ')[0] ?? '');
      return [...byWhy].map(([why, server]) => `HAProxy refuses ${server}: ${why}`);
    },
    wakeMs() {
      const times = [...refusals.values()].map(({ untilMs }) => untilMs);
      return times.length === 0 ? null : Math.max(0, Math.min(...times) - now());
    },
  };
}
