import {
  acks,
  control,
  controlTypes,
  error,
  resyncFinished,
  resyncPartial,
} from '../wire/messages.ts';
import { createUpdateIds, type LastUpdate } from '../wire/update-ids.ts';
import { converse } from './converse.ts';
import { type LegOptions, openLeg } from './open-leg.ts';

/**
 * Takes what HAProxy would send a peer first, of what it has written itself, and says that it has arrived: the next session in this slot begins
 * behind that. By table the last update of it; tables that there was nothing of are missing. Null: nothing is known, and the slot is as
 * it was or as that. Never throws.
 *
 * To say that more was confirmed than was sent would lose updates: until 3.0 an entry that no peer was sent yet keeps the number of its
 * update when it is written again (`commitupdate`, src/stick_table.c).
 */
export async function drainSlot(
  options: LegOptions,
): Promise<ReadonlyMap<string, LastUpdate> | null> {
  const opened = await openLeg(options);
  if (opened.kind !== 'up') return null;
  const { leg } = opened;
  const ids = createUpdateIds();
  try {
    // It confirms this when it has sent all that there was (peer_send_msgs, src/peers.c).
    leg.write(resyncFinished);
    const sent = await converse(leg, {
      ...options,
      hear(frame, bytes) {
        if (frame.class === error) return 'error';
        ids.take(bytes, frame);
        if (frame.class !== control) return undefined;
        // A worker that learns would take what was said for a lesson.
        if (frame.type === controlTypes.resyncRequest) leg.write(resyncPartial);
        return frame.type === controlTypes.resyncConfirm ? 'all' : undefined;
      },
    });
    if (sent.kind !== 'heard' || sent.value !== 'all') return null;
    const found = ids.found();
    leg.write(acks(new Map([...found.values()].map(({ id, last }) => [id, last]))));
    leg.finishWriting();
    // HAProxy reads all that was said before it closes.
    const ended = await converse(leg, { ...options, hear: () => undefined });
    return ended.kind === 'closed' ? found : null;
  } finally {
    leg.close();
    await leg.closed;
  }
}
