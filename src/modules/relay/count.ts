import type { MetricsOf } from '../../telemetry/metrics.ts';
import type { SessionEvents } from './link-session.ts';
import type { LinkCounters } from './links/counters.ts';
import type { relayMetrics } from './metrics.ts';
import type { Sibling } from './sessions.ts';

/** What one metric has shown of counts that only grow. */
function bring(counter: MetricsOf<typeof relayMetrics>['relayStrangers']) {
  const shown = new Map<string, number>();
  return (counts: Readonly<Record<string, number>>) => {
    for (const [code, count] of Object.entries(counts)) {
      counter.inc({ code }, count - (shown.get(code) ?? 0));
      shown.set(code, count);
    }
  };
}

/** Shows what has become of connections between sidecars. The codes are those of `links/codes.ts`. */
export function countLinks(
  metrics: MetricsOf<typeof relayMetrics>,
  counters: Pick<LinkCounters, 'ended' | 'failedDials' | 'strangers'>,
): () => void {
  const ended = bring(metrics.relayLinksEnded);
  const failed = bring(metrics.relayDialsFailed);
  const strangers = bring(metrics.relayStrangers);
  return () => {
    ended(counters.ended);
    failed(counters.failedDials);
    strangers(counters.strangers);
  };
}

export type SessionCount = ReturnType<typeof countSessions>;

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
    byDifference(_pod: string, { taken, skipped }: { taken: number; skipped: number }) {
      metrics.relayLessons.inc({ kind: 'difference' });
      metrics.relayLessonEntries.inc({ result: 'taken' }, taken);
      metrics.relayLessonEntries.inc({ result: 'skipped' }, skipped);
    },
    firstLesson: () => metrics.relayLessons.inc({ kind: 'first' }),
    show(siblings: readonly Sibling[]) {
      metrics.relayLinks.set(siblings.length);
      metrics.relaySessions.set(siblings.filter(({ paired }) => paired).length);
      metrics.relaySlotsHeld.set(siblings.filter(({ slot }) => slot !== null).length);
    },
  };
}
