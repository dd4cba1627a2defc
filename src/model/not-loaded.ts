import type { PeersSection } from './peers-section.ts';
import type { PeersState } from './peers-state.ts';

/**
 * Names of `wanted` that are in the file but not in the running worker: a program wrote haproxy.cfg and has not
 * reloaded. HAProxy refuses such a sibling although the section is in step (found with an init container that was
 * restarted beside a running HAProxy: the sibling waited for --join-timeout and started empty).
 */
export function namesNotLoaded(
  section: PeersSection,
  running: PeersState,
  wanted: ReadonlySet<string>,
): readonly string[] {
  const names = new Set(running.peers.map(({ name }) => name));
  return section.entries
    .map(({ name }) => name)
    .filter((name) => wanted.has(name) && !names.has(name));
}
