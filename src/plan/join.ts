import type { HelloOutcome } from '../model/hello.ts';

export interface JoinInput {
  /** Latest outcome by sibling. A sibling that was not asked yet is missing. */
  readonly outcomes: ReadonlyMap<string, HelloOutcome>;
  readonly siblings: readonly string[];
  /** Those of them that are being deleted. They serve for a while and should know us, but soon it does not matter. */
  readonly leaving: ReadonlySet<string>;
  readonly leavingLimitMs: number;
  readonly startedAtMs: number;
  readonly timeoutMs: number;
  /** A sibling that swallows packets is not waited for longer than this. */
  readonly silenceLimitMs: number;
}

export type JoinDecision =
  | { readonly kind: 'start'; readonly known: readonly string[]; readonly warning: string | null }
  | { readonly kind: 'wait'; readonly ask: readonly string[]; readonly reason: string };

/** Somebody runs there, and there is no talking to it: to wait for long helps nobody. */
const silences: ReadonlySet<HelloOutcome> = new Set(['no-answer', 'tls-failed']);

/**
 * May HAProxy start? Every sibling whose HAProxy runs must know this pod's name first, because HAProxy never
 * again asks a peer that refused it (haproxy src/peers.c, peer_session_forceshutdown and process_peer_sync).
 */
export function join(input: JoinInput, nowMs: number): JoinDecision {
  const elapsed = nowMs - input.startedAtMs;
  const known: string[] = [];
  const waiting: string[] = [];
  const learning: string[] = [];
  for (const name of input.siblings) {
    const outcome = input.outcomes.get(name);
    if (outcome === 'known' || outcome === 'busy') known.push(name);
    else if (input.leaving.has(name) && elapsed >= input.leavingLimitMs) continue;
    else if (outcome === 'learning') learning.push(name);
    else if (outcome === undefined || outcome === 'unknown-to-it') waiting.push(name);
    else if (silences.has(outcome) && elapsed < input.silenceLimitMs) waiting.push(name);
  }
  if (waiting.length + learning.length === 0)
    return { kind: 'start', known, warning: silent(input) };
  if (elapsed >= input.timeoutMs) {
    return {
      kind: 'start',
      known: [...known, ...learning],
      warning:
        waiting.length === 0
          ? `${learning.join(', ')} did not finish the own resync in time: entries may be missing here`
          : `${waiting.join(', ')} did not accept this pod in time: entries that only they hold may be missing here`,
    };
  }
  const reasons = [
    ...(waiting.length === 0 ? [] : [`waiting for ${waiting.join(', ')} to know this pod`]),
    ...(learning.length === 0
      ? []
      : [`waiting for ${learning.join(', ')} to finish the own resync`]),
  ];
  return { kind: 'wait', ask: [...waiting, ...learning], reason: reasons.join(', ') };
}

function silent({ siblings, outcomes }: JoinInput): string | null {
  const silentOnes = siblings.filter((name) => outcomes.get(name) === 'no-answer');
  const strangers = siblings.filter((name) => outcomes.get(name) === 'tls-failed');
  const warnings = [
    ...(silentOnes.length === 0
      ? []
      : [
          `${silentOnes.join(', ')} did not answer on the peers port: is it blocked by a NetworkPolicy, or has it TLS?`,
        ]),
    ...(strangers.length === 0
      ? []
      : [
          `${strangers.join(', ')} and this pod refuse each other's certificates: is TLS on there, and of the same CA?`,
        ]),
  ];
  return warnings.length === 0 ? null : warnings.join('; ');
}
