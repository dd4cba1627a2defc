import { hold, over, type Rule, rule } from '../../../gate/rule.ts';
import type { PeersFacts } from './facts.ts';

/** How often HAProxy is checked while it learns, in milliseconds. */
const lookAgainMs = 200;

/** HAProxy drops a section without its own name, and all its tables. Adding the own entry repairs this. */
function curesSection({ changes, selfName }: PeersFacts): boolean {
  return changes.create || changes.add.some((entry) => entry.name === selfName);
}

/** Our last reload, if these names were missing before it. */
export function reloadedSince({ history }: Pick<PeersFacts, 'history'>): number | null {
  const { lastReloadAtMs, notLoadedSinceMs } = history;
  return lastReloadAtMs !== null && lastReloadAtMs >= notLoadedSinceMs ? lastReloadAtMs : null;
}

/** Cases in which a reload would destroy the tables, or load another configuration than this program knows. */
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
      ? { untilMs: nowMs + lookAgainMs, reason: 'this replica has not finished its resync' }
      : over,
  ),
  rule('resync-unreadable', ({ state }) =>
    state?.resync === 'unknown'
      ? hold('"show peers" of this HAProxy version cannot be read, so its resync may be unfinished')
      : over,
  ),
  // A reload did not help, so another one will not: HAProxy reads another file.
  rule('section-not-loaded', (facts) => {
    const reloadedMs = reloadedSince(facts);
    if (facts.notLoaded.length === 0 || reloadedMs === null) return over;
    if (facts.nowMs < reloadedMs + facts.settings.unloadedLimitMs) return over;
    return hold(
      `HAProxy was reloaded and still runs without ${facts.notLoaded.join(', ')}: does it load another file?`,
    );
  }),
];
