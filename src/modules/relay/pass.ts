import { leftOutReasons } from '../../engine/left-out.ts';
import { observePeers } from '../../engine/observe.ts';
import type { ReadinessKeeper } from '../../engine/readiness.ts';
import { countState } from '../peers/count-state.ts';
import { apartNotice, nobodyApart } from './apart-notice.ts';
import type { createFirstLesson } from './first-lesson.ts';
import { createLookAgain } from './look-again.ts';
import { observedByName } from './named.ts';
import { neverSeen, type Own, ownOf } from './own-haproxy.ts';
import { type Partner, relayReadiness } from './ready.ts';
import type { RelayOptions } from './relay-options.ts';
import type { Restore } from './restore.ts';
import type { Sessions } from './sessions.ts';
import type { createSettled } from './settled.ts';
import { teacherOf } from './teacher.ts';

export interface PassOptions {
  readonly relay: RelayOptions;
  readonly sessions: Sessions;
  readonly partners: () => readonly Partner[];
  readonly restore: Restore;
  readonly settled: ReturnType<typeof createSettled>;
  readonly firstLesson: ReturnType<typeof createFirstLesson>;
  readonly keeper: ReadinessKeeper;
}

/** Our HAProxy as the last pass has seen it. */
export interface OwnHaproxyState {
  own: Own;
}

export const notSeenYet = (): OwnHaproxyState => ({ own: neverSeen });

/** One look at members and HAProxy, and what follows from it. Resolves to when the next one is due, monotonic milliseconds. */
export function createPass(state: OwnHaproxyState, options: PassOptions) {
  const { sessions, partners, restore, settled, firstLesson, keeper } = options;
  const { config, source, self, now, signal, events, metrics, modules = [] } = options.relay;
  const { adminSocket, peersSection } = config;
  const lookAgain = createLookAgain(now);
  const counted = countState(metrics);
  let apart = nobodyApart;

  function askLesson(why: string): void {
    const teacher = teacherOf(sessions.siblings());
    if (teacher === undefined) return;
    sessions.askLesson(teacher.uid, why);
    keeper.hardReloaded(true);
  }

  return async (): Promise<{ readonly nextAtMs: number }> => {
    const membership = source.snapshot();
    sessions.setMembers(membership.members);
    keeper.observing();
    const seen = await observePeers(adminSocket, peersSection, signal);
    const own = ownOf(state.own, seen);
    state.own = own;
    const { view } = own;
    const shown = restore.shown(own);
    settled.look(shown);
    sessions.setView(shown);
    const learns = view !== null && !view.learned;
    // What others are told must not be of before that.
    if (await restore.look(own, seen, membership.synced, signal)) return { nextAtMs: now() };
    if (learns) await firstLesson(signal);
    const observed = observedByName(seen, self.name, sessions.siblings());
    const judged = relayReadiness(
      {
        synced: membership.synced,
        leftOut: leftOutReasons(membership, config.allowLeftOut),
        ...{ observed, partners: partners(), joinTimeoutMs: config.joinTimeout },
        restore: restore.waits(),
        waits: modules.flatMap((each) => each.waits?.(observed) ?? []),
      },
      now(),
    );
    const stays = apartNotice(apart, partners(), config.waitingLimit, now());
    apart = stays.apart;
    if (stays.notice !== null) events.record(stays.notice);
    counted.state(membership, observed);
    await keeper.update({ judged, members: membership.members, observed }, signal);
    const missed = keeper.hardReloadFor();
    if (missed !== null) askLesson(missed);
    sessions.setView(restore.shown(own));
    const rest = keeper.readiness().ready ? 'ready' : 'unready';
    return { nextAtMs: lookAgain(view === null ? 'silent' : learns ? 'learning' : rest) };
  };
}
