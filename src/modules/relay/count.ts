import type { MetricsOf } from '../../telemetry/metrics.ts';
import type { relayMetrics } from './metrics.ts';
import type { SessionEvents, Sibling } from './sessions.ts';

/** Counts what happens to sessions, and shows how many there are. */
export function countSessions(metrics: MetricsOf<typeof relayMetrics>) {
  const on: SessionEvents = {
    lesson: () => metrics.relayLessons.inc({ kind: 'all' }),
    linked: (_, ms) => metrics.relayPairSeconds.observe(ms / 1000),
    parted: () => metrics.relaySessionsEnded.inc(),
    full: () => metrics.relayRefusals.inc(),
  };
  return {
    on,
    firstLesson: () => metrics.relayLessons.inc({ kind: 'first' }),
    show(siblings: readonly Sibling[]) {
      metrics.relayLinks.set(siblings.length);
      metrics.relaySessions.set(siblings.filter(({ paired }) => paired).length);
      metrics.relaySlotsHeld.set(siblings.filter(({ slot }) => slot !== null).length);
    },
  };
}
