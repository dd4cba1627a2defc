import type { PeersSection } from './peers-section.ts';
import type { PeersState } from './peers-state.ts';

/**
 * Names that the file has and the running worker has not, of those in `wanted`: somebody wrote haproxy.cfg and did not
 * reload, or has not yet. Such a sibling is refused although the section is in step (found with an init container that
 * was started again beside a running HAProxy: the sibling waited out --join-timeout and began empty).
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
