import { someoneJoins } from '../model/changes.ts';
import type { Delay, GateInput, GateSettings } from './facts.ts';

type Facts = Pick<GateInput, 'unloaded' | 'history' | 'changes'>;

/** Why HAProxy is to be reloaded with the section as it is, or null. */
export function reloadForUnloaded({ unloaded = [] }: Facts): string | null {
  return unloaded.length === 0
    ? null
    : `haproxy.cfg has ${unloaded.join(', ')}, and HAProxy has not loaded it`;
}

/** Whoever wrote the file may be about to reload. A change of our own reloads anyway, and takes it along. */
export function unloadedDelay(input: Facts, settings: GateSettings): Delay | null {
  const reason = reloadForUnloaded(input);
  const { changes } = input;
  if (reason === null || someoneJoins(changes)) return null;
  const since = reloadedSince(input) ?? input.history.unloadedSinceMs;
  return { untilMs: since + settings.unloadedLimitMs, reason, code: 'section-not-loaded' };
}

/** A reload did not help, so none will: HAProxy reads another file. */
export function neverLoaded(input: Facts, settings: GateSettings, nowMs: number): string | null {
  const { unloaded = [] } = input;
  const reloadedMs = reloadedSince(input);
  if (unloaded.length === 0 || reloadedMs === null) return null;
  if (nowMs < reloadedMs + settings.unloadedLimitMs) return null;
  return `HAProxy was reloaded and still runs without ${unloaded.join(', ')}: does it load the file that has them?`;
}

/** Our last reload, if these names had been missing before it. */
function reloadedSince({ history }: Facts): number | null {
  const { lastReloadAtMs, unloadedSinceMs } = history;
  return lastReloadAtMs !== null && lastReloadAtMs >= unloadedSinceMs ? lastReloadAtMs : null;
}
