import { type CodedFinding, over, type Rule, rule } from '../../../gate/rule.ts';
import { hasChanges } from '../../../model/changes.ts';
import type { PeersFacts } from './facts.ts';
import { reloadedSince } from './forbids.ts';
import { awaySince, lookAgainMs } from './sibling-sessions.ts';

/**
 * How long to wait for further changes: for peers that join until the burst is over, for peers that are gone or have
 * moved longer. Also returned when it is over.
 */
export function gathering(facts: PeersFacts): CodedFinding {
  const more = burst(facts);
  const lazy = lazily(facts);
  return lazy !== null && lazy.untilMs >= more.untilMs ? lazy : more;
}

function burst({ history, awaited, settings }: PeersFacts): CodedFinding {
  const limit = history.joinSinceMs + settings.burstLimitMs;
  // One reload for all of them: a pod that is being created gets its address within a second or two.
  if (awaited > 0) {
    const reason = `${awaited} more are about to get an address`;
    return { untilMs: limit, reason, code: 'awaited' };
  }
  const untilMs = Math.min(history.changedAtMs + settings.burstWindowMs, limit);
  return { untilMs, reason: 'more changes may follow', code: 'burst' };
}

function lazily({
  changes,
  history,
  settings,
  established,
  ...facts
}: PeersFacts): CodedFinding | null {
  // A reload that is needed anyway includes the changes that could wait.
  if (facts.hurried || facts.reloadFor !== null || !hasChanges(changes)) return null;
  // A peer that has connected to this replica does not need its right address in the section.
  const connected = changes.update.every((entry) => established.has(entry.name));
  if (changes.remove.length === 0 && connected) {
    return {
      untilMs: facts.nowMs + settings.removalDelayMs,
      reason: 'only moved peers, which are connected from their side',
      code: 'moved-connected',
    };
  }
  return {
    untilMs: history.lazySinceMs + settings.removalDelayMs,
    reason: 'only dead or moved peers, which do no harm: waiting for an addition',
    code: 'removal-delay',
  };
}

/** A lesson of a million entries takes about 10 s on a busy machine; no reload waits longer than this for one. */
const lessonLimitMs = 30_000;

export const delays: readonly Rule<PeersFacts>[] = [
  { codes: ['awaited', 'burst', 'moved-connected', 'removal-delay'], check: gathering },
  // The program that wrote the file may be about to reload. A change of ours reloads anyway and includes it.
  rule('section-not-loaded', ({ notLoadedFor, joins, history, settings }) => {
    if (notLoadedFor === null || joins) return over;
    const sinceMs = reloadedSince({ history }) ?? history.notLoadedSinceMs;
    return { untilMs: sinceMs + settings.unloadedLimitMs, reason: notLoadedFor };
  }),
  // It would begin again, and the replica that takes part in it would have to wait as well.
  rule('lesson-running', ({ lessonSinceMs, nowMs }) =>
    lessonSinceMs === null
      ? over
      : {
          untilMs: Math.min(nowMs + lookAgainMs, lessonSinceMs + lessonLimitMs),
          reason: 'a lesson is given or taken',
        },
  ),
  rule('siblings-away', ({ history, memberNames, settings, ...facts }) => {
    const { lastReloadAtMs, establishedBefore } = history;
    if (lastReloadAtMs === null) return over;
    return awaySince(
      facts,
      establishedBefore.filter((name) => memberNames.has(name)),
      lastReloadAtMs + settings.reestablishLimitMs,
      'not connected again since the last reload',
    );
  }),
];
