import { type CodedFinding, over, type Rule, rule } from '../../../gate/rule.ts';
import { hasChanges } from '../../../model/changes.ts';
import type { PeersFacts } from './facts.ts';
import { reloadedSince } from './forbids.ts';
import { awaySince } from './sibling-sessions.ts';

/** What could come along: for who joins until the burst is over, for who is gone or has moved longer. Also when it is over. */
export function gathering(facts: PeersFacts): CodedFinding {
  const more = burst(facts);
  const lazy = lazily(facts);
  return lazy !== null && lazy.untilMs >= more.untilMs ? lazy : more;
}

function burst({ history, awaited, settings }: PeersFacts): CodedFinding {
  const limit = history.joinSinceMs + settings.burstLimitMs;
  // One reload for all of them: a pod that is being made has its address in a second or two.
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
  // A reload that is needed all the same takes what could wait with it.
  if (facts.hurried || facts.reloadFor !== null || !hasChanges(changes)) return null;
  // A peer that has connected to us needs no right address in our section.
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
    reason: 'only dead or moved peers, which do no harm: waiting for an addition to go with',
    code: 'removal-delay',
  };
}

export const delays: readonly Rule<PeersFacts>[] = [
  { codes: ['awaited', 'burst', 'moved-connected', 'removal-delay'], check: gathering },
  // Whoever wrote the file may be about to reload. A change of our own reloads anyway, and takes it along.
  rule('section-not-loaded', ({ notLoadedFor, joins, history, settings }) => {
    if (notLoadedFor === null || joins) return over;
    const sinceMs = reloadedSince({ history }) ?? history.notLoadedSinceMs;
    return { untilMs: sinceMs + settings.unloadedLimitMs, reason: notLoadedFor };
  }),
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
