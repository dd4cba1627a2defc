import type { Membership } from '../../model/membership.ts';
import type { Observed } from '../../model/observed.ts';
import type { GeneralMetrics, MetricsOf } from '../../telemetry/metrics.ts';
import type { peersMetrics } from './metrics.ts';

export interface StateCount {
  /** HAProxy was reloaded, so its worker has a resync of its own. */
  reloaded(): void;
  state(membership: Membership, observed: Observed): void;
}

/** What is known of members and of the running HAProxy, whatever is done about it. */
export function countState(metrics: GeneralMetrics & MetricsOf<typeof peersMetrics>): StateCount {
  /** The resync of the worker that runs now is counted. */
  let resyncCounted = false;

  function countMembers({ members, awaited, ignored = 0, synced }: Membership): void {
    metrics.members.set(members.length);
    metrics.membersTerminating.set(members.filter(({ terminating }) => terminating).length);
    metrics.membersAwaited.set(awaited);
    metrics.membersIgnored.set(ignored);
    metrics.synced.set(synced ? 1 : 0);
  }

  function countResync(observed: Observed): void {
    const state = observed.kind === 'up' ? observed.state : null;
    const outcome = state?.resync === 'learned' || state?.resync === 'alone' ? state.resync : null;
    metrics.established.set(state?.peers.filter((peer) => peer.established).length ?? 0);
    metrics.resyncFinished.set(outcome === null ? 0 : 1);
    if (state?.resync === 'pending') resyncCounted = false;
    if (outcome === null || resyncCounted) return;
    resyncCounted = true;
    metrics.resyncs.inc({ outcome });
  }

  return {
    reloaded() {
      resyncCounted = false;
    },
    state(membership, observed) {
      countMembers(membership);
      countResync(observed);
    },
  };
}
