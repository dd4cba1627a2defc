import type { SessionCount } from './count.ts';
import type { Desk } from './difference/desk.ts';
import { createDifferences } from './difference/differences.ts';
import { learnDifference } from './difference/learn.ts';
import { teach } from './difference/teach.ts';
import { drainSlot } from './legs/drain-slot.ts';
import { openLeg } from './legs/open-leg.ts';
import { resetSlot } from './legs/reset-slot.ts';
import type { View } from './pairing/view.ts';
import type { RelayOptions } from './relay-options.ts';
import { lessonSlot, localName } from './section/slots.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { splice } from './splice/splice.ts';

/** HAProxy is on the same machine. */
const answerMs = 1000;
/** In the middle of a lesson. */
const lessonSilentMs = 5000;

export interface HaproxySessionsOptions
  extends Pick<RelayOptions, 'section' | 'uid' | 'log' | 'now' | 'events'> {
  /** For who uses the slot of lessons. */
  readonly desk: Desk;
  readonly count: SessionCount;
  /** What others are told of our HAProxy. */
  readonly shown: () => View | null;
  /** For how long it has held all that there was to learn, in milliseconds. */
  readonly settledMs: () => number;
  readonly onChange: () => void;
}

/** The sessions of the HAProxy beside us, with real legs to it, and the comparisons over their links. */
export function createHaproxySessions(options: HaproxySessionsOptions): Sessions {
  const { section, uid, log, now, events, count } = options;
  // The ids of a section that is changed by hand meanwhile, too: an id that there is not does nothing.
  const tables = Math.max(section.tables, 16);
  const differences = createDifferences({
    ...{ desk: options.desk, uid, log, now, random: Math.random },
    session: {
      ...{ at: section.at, local: localName, slot: lessonSlot, tables, now },
      ...{ timeoutMs: answerMs, silentMs: lessonSilentMs },
    },
    view: options.shown,
    ...{ settledMs: options.settledMs, learn: learnDifference, teach },
    onLearned: count.byDifference,
  });
  return createSessions({
    ...{ uid, log, now, differences, onChange: options.onChange },
    haproxy: { at: section.at, local: localName, slots: section.slots, tables },
    legs: { open: openLeg, reset: resetSlot, drain: drainSlot },
    splice: (at, link, beats) => splice(at, link, { beats }),
    on: {
      ...count.on,
      full(pod) {
        count.on.full(pod);
        const message = `all ${section.slots.length} slots are in use: nothing is shared with ${pod}`;
        events.record({ reason: 'SlotsExhausted', message });
      },
    },
  });
}
