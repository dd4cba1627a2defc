import type { Decision } from '../model/decision.ts';
import type { Observed } from '../model/observed.ts';

export interface ReadinessInput {
  readonly synced: boolean;
  /** Peers that still have to be added to the section, or loaded with it. */
  readonly additionsPending: boolean;
  readonly decision: Decision['kind'] | null;
  readonly observed: Observed;
  /** Why siblings that could teach this replica are not among its members (`leftOutReasons`). */
  readonly leftOut?: readonly string[];
  /** What modules wait for. */
  readonly waits?: readonly string[];
}

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** May this replica replace another one, because it has learned the tables? */
export function readiness(input: ReadinessInput): Readiness {
  const reasons: string[] = [];
  if (!input.synced) reasons.push('the members are not known yet');
  reasons.push(...(input.leftOut ?? []));
  if (input.decision === null) reasons.push('the peers section has not been compared yet');
  if (input.decision === 'hold')
    reasons.push('the peers section cannot be kept in step: see the log');
  if (input.additionsPending) reasons.push('peers are still to be added');
  if (input.observed.kind === 'down') reasons.push('HAProxy does not answer');
  else if (input.observed.state === null) reasons.push('HAProxy runs without the peers section');
  else if (input.observed.state.resync === 'pending')
    reasons.push('this replica has not finished its resync');
  reasons.push(...(input.waits ?? []));
  return { ready: reasons.length === 0, reasons };
}
