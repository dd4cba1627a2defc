import type { Membership } from '../../../model/membership.ts';
import { outdated } from './admission.ts';
import type { CloseCode } from './codes.ts';
import { type Connection, closeTexts, waits } from './connection.ts';
import type { Outcome } from './redial.ts';

export interface Ending {
  readonly code: CloseCode;
  readonly why: string;
}

function expired({ phase, refusal, dialled }: Connection): Ending {
  if (phase === 'waiting' && refusal !== undefined) return refusal;
  const early = dialled === undefined ? 'no-greeting' : 'timeout';
  const codes = { opening: early, answering: 'no-answer' } as const;
  const code = phase === 'opening' || phase === 'answering' ? codes[phase] : 'no-offer';
  return { code, why: closeTexts[code] ?? code };
}

/** Since when the member of a link has been gone from discovery; undefined where it is there, or that is not known. */
export function goneSince(
  { phase, hello, address, goneSinceMs }: Connection,
  membership: Membership,
  nowMs: number,
): number | undefined {
  if (phase !== 'up' || hello === undefined) return undefined;
  return outdated({ ...hello, address }, membership) === 'gone'
    ? (goneSinceMs ?? nowMs)
    : undefined;
}

/** Why a connection is to be closed now, by the clock and by what discovery knows. */
export function endingOf(
  connection: Connection,
  membership: Membership,
  nowMs: number,
): Ending | undefined {
  const { phase, hello, address, deadlineMs, goneSinceMs } = connection;
  if (deadlineMs <= nowMs) return expired(connection);
  if (phase !== 'up' || hello === undefined) return undefined;
  const why = outdated({ ...hello, address }, membership);
  const isLong = goneSinceMs !== undefined && nowMs - goneSinceMs >= waits.gone;
  if (why === undefined || (why === 'gone' && !isLong)) return undefined;
  return { code: why, why: closeTexts[why] ?? why };
}

/** What the end of a connection means for the next dial. */
export function outcomeOf({ upSinceMs }: Connection, outcome: Outcome, nowMs: number): Outcome {
  if (upSinceMs === undefined || outcome.kind === 'duplicate') return outcome;
  return { kind: 'link-ended', livedMs: nowMs - upSinceMs };
}
