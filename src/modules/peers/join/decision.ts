import type { HelloOutcome } from '../../../model/hello.ts';

export interface JoinInput {
  /** Latest outcome by sibling. A sibling that was not asked yet is missing. */
  readonly outcomes: ReadonlyMap<string, HelloOutcome>;
  readonly siblings: readonly string[];
  /** Of siblings, as their source says: ready (true), no container started (false). The others are not here. */
  readonly serving: ReadonlyMap<string, boolean>;
  /** For how many rounds in a row each has said that its HAProxy is not there. */
  readonly refusals: ReadonlyMap<string, number>;
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

/** A HAProxy runs there, but this pod cannot talk to it: waiting for long does not help. */
const silences: ReadonlySet<HelloOutcome> = new Set(['no-answer', 'tls-failed']);

/** No program listens there, or another one than this peer's HAProxy. */
const refusals: ReadonlySet<HelloOutcome> = new Set(['refused', 'wrong-name']);
/** A HAProxy that is just starting, or whose pod is not there any more, refuses as a policy engine does: once or twice. */
const refusedRounds = 3;

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
    else if (refusals.has(outcome) && !isBelieved(name, input, elapsed)) waiting.push(name);
  }
  if (waiting.length + learning.length === 0)
    return { kind: 'start', known, warning: silent(input, known) };
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

/** That no HAProxy of a sibling runs: not of one that is ready, and not said once, unless none can run. */
function isBelieved(name: string, input: JoinInput, elapsed: number): boolean {
  if (input.leaving.has(name) || input.serving.get(name) === false) return true;
  if (input.serving.get(name) === true && elapsed < input.silenceLimitMs) return false;
  return (input.refusals.get(name) ?? 0) >= refusedRounds;
}

function silent(input: JoinInput, known: readonly string[]): string | null {
  const { siblings, outcomes, serving, leaving } = input;
  const refusing = siblings.filter(
    (name) => !leaving.has(name) && refusals.has(outcomes.get(name) ?? 'known'),
  );
  const closed = refusing.filter((name) => serving.get(name) === true);
  // Not every source tells which peers are ready. Where one has tables to teach, it does not matter which others are off.
  const doubtful = known.length > 0 ? [] : refusing.filter((name) => !serving.has(name));
  const silentOnes = siblings.filter((name) => outcomes.get(name) === 'no-answer');
  const strangers = siblings.filter((name) => outcomes.get(name) === 'tls-failed');
  const warnings = [
    ...(closed.length === 0
      ? []
      : [
          `${closed.join(', ')} refuse this pod on the peers port although they are ready: is it closed by a NetworkPolicy, or another port or localpeer there?`,
        ]),
    ...(doubtful.length === 0
      ? []
      : [
          `${doubtful.join(', ')} refuse this pod on the peers port, and nobody else can teach it: they start for the first time too, or the port is closed`,
        ]),
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
