import type { Readiness } from '../../engine/ready-rule.ts';
import type { Member } from '../../model/member.ts';
import type { Observed } from '../../model/observed.ts';
import type { View } from './pairing/view.ts';

/** Another member, with the session that there is with it. */
export interface Partner {
  readonly member: Member;
  /** Undefined: no link; null: its HAProxy does not answer. */
  readonly view: View | null | undefined;
  readonly paired: boolean;
  /** Of our HAProxy; null: it has had none yet. */
  readonly slot: string | null;
  /** Milliseconds, monotonic. */
  readonly knownSinceMs: number;
}

export interface RelayReadyInput {
  readonly synced: boolean;
  readonly leftOut: readonly string[];
  readonly observed: Observed;
  readonly partners: readonly Partner[];
  /** How long a member that cannot be reached keeps this one waiting. */
  readonly joinTimeoutMs: number;
  /** Why it is still open whether a snapshot is restored; null: it is not. */
  readonly restore: string | null;
  /** What modules wait for. */
  readonly waits?: readonly string[];
}

/** Is this replica fit to replace another one: has it learned, and gets what the others write? */
export function relayReadiness(input: RelayReadyInput, nowMs: number): Readiness {
  const { observed, partners, joinTimeoutMs } = input;
  const reasons: string[] = [];
  if (!input.synced) reasons.push('the members are not known yet');
  reasons.push(...input.leftOut);
  if (observed.kind === 'down') reasons.push('HAProxy does not answer');
  else if (observed.state === null) reasons.push('HAProxy runs without the peers section');
  else if (observed.state.resync === 'pending') reasons.push('own resync is not finished');
  if (input.restore !== null) reasons.push(input.restore);
  const waited = partners.filter(({ knownSinceMs }) => nowMs - knownSinceMs < joinTimeoutMs);
  const unlinked = waited.filter(({ view, member }) => view === undefined && mayRun(member));
  if (unlinked.length > 0) reasons.push(`no link to ${names(unlinked)}`);
  // It may hold what nobody else has, and be back in a moment.
  const silent = waited.filter(({ view, member }) => view === null && mayRun(member));
  if (silent.length > 0) reasons.push(`HAProxy does not answer at ${names(silent)}`);
  const apart = waited.filter(({ view, paired, member }) => view && !paired && !member.terminating);
  if (apart.length > 0) reasons.push(`no session with ${names(apart)}`);
  reasons.push(...(input.waits ?? []));
  return { ready: reasons.length === 0, reasons };
}

/** One that is about to go may have ended its sidecar, and one that is being made has none yet. */
export function mayRun({ serving, terminating }: Member): boolean {
  return serving !== false && !terminating;
}

function names(partners: readonly Partner[]): string {
  return partners.map(({ member }) => member.name).join(', ');
}
