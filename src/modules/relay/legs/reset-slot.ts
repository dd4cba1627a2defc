import type { Frame } from '../wire/frames.ts';
import { ackReset, acks, error } from '../wire/messages.ts';
import { converse } from './converse.ts';
import { type LegOptions, openLeg } from './open-leg.ts';

export interface ResetSlotOptions extends LegOptions {
  /** How many stick tables HAProxy has in this section, or more. */
  readonly tables: number;
  /** By the number of the table the update that counts as confirmed. Missing, here or in it: none. */
  readonly confirmed?: ReadonlyMap<number, number>;
}

function hear(frame: Frame): 'error' | undefined {
  return frame.class === error ? 'error' : undefined;
}

/**
 * Makes a slot that was used before as good as a new one, or as one that has confirmed just this. HAProxy keeps what the last peer in it has
 * confirmed, and would begin the next session behind that. So a session of its own says "nothing of any table" and ends its side. HAProxy reads all that
 * was said before it closes, so true, which is its closing, says that it is done; false: nothing is known, try again. Never throws.
 */
export async function resetSlot(options: ResetSlotOptions): Promise<boolean> {
  const opened = await openLeg(options);
  if (opened.kind !== 'up') return false;
  const { leg } = opened;
  leg.write(Buffer.concat([ackReset(options.tables), acks(options.confirmed ?? new Map())]));
  leg.finishWriting();
  const result = await converse(leg, { ...options, hear });
  leg.close();
  await leg.closed;
  return result.kind === 'closed';
}
