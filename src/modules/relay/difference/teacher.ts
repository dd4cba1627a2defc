import type { Seat } from './desk.ts';
import { tablesAtMost } from './messages.ts';
import type { LinkOptions } from './pupil.ts';
import { createRequests, type Requests } from './requests.ts';
import type { Shared } from './shared.ts';

/** Our side as the one that teaches. */
export interface Teacher {
  /** The other side asks for a lesson. */
  asked(id: string): void;
  /** It wants the next chunk of it. */
  more(id: string): void;
  /** It wants no more. */
  stop(id: string): void;
}

/** The pupil makes its index meanwhile. */
const indexMs = 60_000;

/** `marksOf`: the last update of each table that the session between the two does not bring. */
export function createTeacher(
  shared: Shared,
  { pod, uid, send, signal }: LinkOptions,
  marksOf: () => ReadonlyMap<string, number>,
): Teacher {
  const { desk, session, log } = shared;
  let pupil: Requests | null = null;
  signal.addEventListener('abort', () => pupil?.end(), { once: true });

  return {
    asked(id) {
      const seat: Seat = { uid, asking: false, yield() {} };
      const isReady = shared.view()?.learned === true;
      // Of two who ask each other the one with the lower uid teaches first. Nobody else is told that the desk is free, so it is taken.
      if (isReady && shared.uid < uid) desk.yieldTo(uid);
      if (!isReady || !desk.take(seat)) {
        const why = isReady ? 'another lesson is given' : 'its HAProxy does not answer, or learns';
        send({ step: 'refused', id, why });
        return;
      }
      const requests = createRequests(id, indexMs);
      pupil = requests;
      const marks = [...marksOf()].map(([table, last]) => ({ table, last }));
      const fits = marks.length > 0 && marks.length <= tablesAtMost;
      send({ step: 'granted', id, ...(fits ? { marks } : {}) });
      const record = { ...session, signal };
      shared.run(
        shared.teach({ id, record, send, asked: requests.next }).then(({ kind }) => {
          log.debug({ pod, kind }, 'a peer has compared');
          if (pupil === requests) pupil = null;
          desk.free(seat);
        }),
      );
    },
    more(id) {
      if (pupil?.id === id) pupil.more();
    },
    stop(id) {
      if (pupil?.id === id) pupil.end();
    },
  };
}
