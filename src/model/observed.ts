import type { PeersState } from './peers-state.ts';
import type { Worker } from './worker.ts';

/** What the running HAProxy says: `down` when its admin socket does not answer. */
export type Observed =
  | { readonly kind: 'down'; readonly why: string }
  | {
      readonly kind: 'up';
      readonly state: PeersState | null;
      /** The worker that answers; missing where it does not say. */
      readonly worker?: Worker | null;
    };

/** Names of the remote peers with a live session. */
export function establishedNames(observed: Observed): ReadonlySet<string> {
  const peers = observed.kind === 'up' ? (observed.state?.peers ?? []) : [];
  return new Set(peers.filter((peer) => peer.established).map((peer) => peer.name));
}
