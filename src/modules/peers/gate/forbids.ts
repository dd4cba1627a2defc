import { hold, over, type Rule, rule } from '../../../gate/rule.ts';
import type { PeersFacts } from './facts.ts';

/** How often HAProxy is looked at again while it learns, in milliseconds. */
const lookAgainMs = 200;

/** HAProxy drops a section that lacks its own name, tables and all: adding the own entry is the cure. */
function curesSection({ changes, selfName }: PeersFacts): boolean {
  return changes.create || changes.add.some((entry) => entry.name === selfName);
}

/** Our last reload, if these names had been missing before it. */
export function reloadedSince({ history }: Pick<PeersFacts, 'history'>): number | null {
  const { lastReloadAtMs, notLoadedSinceMs } = history;
  return lastReloadAtMs !== null && lastReloadAtMs >= notLoadedSinceMs ? lastReloadAtMs : null;
}

/** A reload would destroy the tables, or load another configuration than this program knows. */
export const forbids: readonly Rule<PeersFacts>[] = [
  rule('section-not-running', (facts) =>
    facts.state !== null || curesSection(facts)
      ? over
      : hold(
          `HAProxy runs without the section although the file has it: its localpeer is not ${facts.selfName}`,
        ),
  ),
  rule('localpeer-mismatch', ({ state, selfName }) =>
    state === null || state.localName === selfName
      ? over
      : hold(`HAProxy's localpeer is ${state.localName ?? 'not in the section'}, not ${selfName}`),
  ),
  rule('resync-pending', ({ state, nowMs }) =>
    state?.resync === 'pending'
      ? { untilMs: nowMs + lookAgainMs, reason: 'own resync is not finished' }
      : over,
  ),
  rule('resync-unreadable', ({ state }) =>
    state?.resync === 'unknown'
      ? hold('"show peers" of this HAProxy version cannot be read, so its resync may be unfinished')
      : over,
  ),
  // A reload did not help, so none will: HAProxy reads another file.
  rule('section-not-loaded', (facts) => {
    const reloadedMs = reloadedSince(facts);
    if (facts.notLoaded.length === 0 || reloadedMs === null) return over;
    if (facts.nowMs < reloadedMs + facts.settings.unloadedLimitMs) return over;
    return hold(
      `HAProxy was reloaded and still runs without ${facts.notLoaded.join(', ')}: does it load the file that has them?`,
    );
  }),
];
