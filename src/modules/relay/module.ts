import type { SidecarConfig } from '../../config/values.ts';
import { leftOutReasons } from '../../engine/left-out.ts';
import type { Module } from '../../engine/module.ts';
import { observePeers } from '../../engine/observe.ts';
import { createReadiness } from '../../engine/readiness.ts';
import { sameWorker } from '../../engine/ready-marker.ts';
import type { Ready } from '../../engine/ready-marker-file.ts';
import type { Readiness } from '../../engine/ready-rule.ts';
import { createScheduler, type Scheduler } from '../../engine/scheduler.ts';
import { watchWorker } from '../../engine/watch-worker.ts';
import { errorMessage } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Self } from '../../model/member.ts';
import type { Source } from '../../sources/source.ts';
import type { Recorder } from '../../telemetry/event-recorder.ts';
import type { GeneralMetrics, MetricsOf } from '../../telemetry/metrics.ts';
import { leftOutNotices } from '../../telemetry/notice-recorder.ts';
import { createStatusBoard } from '../../telemetry/status-board.ts';
import type { Status } from '../../telemetry/status-schema.ts';
import { countState } from '../peers/count-state.ts';
import type { peersMetrics } from '../peers/metrics.ts';
import { confirmWith } from '../peers/missed/confirm.ts';
import type { SnapshotNeeds, Snapshots } from '../snapshot/create.ts';
import type { Outcome } from '../snapshot/turn/messages.ts';
import { apartNotice, nobodyApart } from './apart-notice.ts';
import { countSessions } from './count.ts';
import { alone, createDesk } from './difference/desk.ts';
import { createDifferences } from './difference/differences.ts';
import { learnDifference } from './difference/learn.ts';
import { teach } from './difference/teach.ts';
import { createFirstLesson } from './first-lesson.ts';
import { drainSlot } from './legs/drain-slot.ts';
import { openLeg } from './legs/open-leg.ts';
import { resetSlot } from './legs/reset-slot.ts';
import { teachNothing } from './legs/teach-nothing.ts';
import { trustKindOf } from './links/trust-files.ts';
import { createLookAgain } from './look-again.ts';
import { createLookNeeded } from './look-needed.ts';
import type { relayMetrics } from './metrics.ts';
import { observedByName, peersByName } from './named.ts';
import { neverSeen, ownOf } from './own-haproxy.ts';
import type { View } from './pairing/view.ts';
import { createPartners } from './partners.ts';
import { relayReadiness } from './ready.ts';
import { createRestore } from './restore.ts';
import type { RelaySection } from './section/read.ts';
import { lessonSlot, localName } from './section/slots.ts';
import { createSessions, type Sessions, type Sibling } from './sessions.ts';
import { createSettled } from './settled.ts';
import type { LinkTo } from './sibling-link.ts';
import { standingOf } from './snapshot-view.ts';
import { splice } from './splice/splice.ts';
import { teacherOf } from './teacher.ts';

export interface RelayOptions {
  readonly config: SidecarConfig;
  /** Of haproxy.cfg, as init has written it. */
  readonly section: RelaySection;
  readonly source: Source;
  readonly self: Self;
  readonly uid: string;
  readonly log: Log;
  readonly metrics: GeneralMetrics &
    MetricsOf<typeof peersMetrics> &
    MetricsOf<typeof relayMetrics>;
  readonly version: string;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** The date, in milliseconds since the epoch. */
  readonly wallNow: () => number;
  readonly signal: AbortSignal;
  /** What an earlier run of this program was ready with. */
  readonly wasReady: Ready | null;
  readonly onReadyMarker: (ready: Ready | null) => void;
  readonly events: Recorder;
  /** With `--snapshot`. */
  readonly snapshots?: ((needs: SnapshotNeeds) => Snapshots) | undefined;
  /** What else works on this HAProxy: only what it waits for and what troubles it are asked here. */
  readonly modules?: readonly Pick<Module, 'waits' | 'trouble'>[];
}

/** The slot of lessons, for another user of it. */
export interface Lessons {
  /** Does it while nobody else uses the slot. */
  alone<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Why nobody else may; null: somebody may. */
  refuses(): string | null;
  /** A command has used it. Returns the names of those who compare themselves with our HAProxy now. */
  used(outcome: Outcome): readonly string[];
}

export interface Relay {
  readonly scheduler: Scheduler;
  readonly readiness: () => Readiness;
  readonly siblings: () => readonly Sibling[];
  /** Our HAProxy as it was last seen; null: it does not answer. */
  readonly view: () => View | null;
  /** Another sidecar is linked. */
  linked(link: LinkTo): void;
  /** Looks who runs as HAProxy until `signal` aborts. */
  watch(signal: AbortSignal): Promise<void>;
  /** Records the tables every so often, until `signal` aborts. */
  record(signal: AbortSignal): Promise<void>;
  /** Records them for the last time, as long as HAProxy still answers. */
  recordLast(limitMs: number): Promise<void>;
  status(): Promise<Status>;
  /** For who uses the slot of lessons beside this. */
  readonly lessons: Lessons;
  /** Brings the metrics up to date. */
  show(): void;
  stop(): Promise<void>;
}

/** HAProxy is on the same machine. */
const answerMs = 1000;
/** In the middle of a lesson. */
const lessonSilentMs = 5000;

/** Sessions of our HAProxy with those of all members, without a line in haproxy.cfg that would be another one for it. */
export function createRelay(options: RelayOptions): Relay {
  const { config, section, source, self, log, now, signal, events, metrics } = options;
  const { modules = [] } = options;
  const { adminSocket, peersSection } = config;
  const partnersOf = createPartners(self, now);
  let incomplete = options.wasReady?.incomplete ?? false;
  let own = neverSeen;
  let apart = nobodyApart;

  metrics.relayPlaintext.set(trustKindOf(config) === 'plaintext' ? 1 : 0);
  const count = countSessions(metrics);
  const settled = createSettled(now);
  // The ids of a section that is changed by hand meanwhile, too: an id that there is not does nothing.
  const tables = Math.max(section.tables, 16);
  const desk = createDesk();
  const differences = createDifferences({
    desk,
    ...{ uid: options.uid, log, now, random: Math.random },
    session: {
      ...{ at: section.at, local: localName, slot: lessonSlot, tables, now },
      ...{ timeoutMs: answerMs, silentMs: lessonSilentMs },
    },
    view: () => restore.shown(own),
    ...{ settledMs: settled.ms, learn: learnDifference, teach },
    onLearned: count.byDifference,
  });
  const sessions: Sessions = createSessions({
    uid: options.uid,
    haproxy: { at: section.at, local: localName, slots: section.slots, tables },
    differences,
    legs: { open: openLeg, reset: resetSlot, drain: drainSlot },
    splice: (at, link, beats) => splice(at, link, { beats }),
    log,
    onChange() {
      lookNeeded.changed();
      scheduler.poke();
    },
    on: {
      ...count.on,
      full(pod) {
        count.on.full(pod);
        const message = `all ${section.slots.length} slots are in use: nothing is shared with ${pod}`;
        events.record({ reason: 'SlotsExhausted', message });
      },
    },
    now,
  });
  const lookAgain = createLookAgain(now);
  const lookNeeded = createLookNeeded(
    () =>
      sessions
        .siblings()
        .filter(({ paired }) => paired)
        .map(({ uid }) => uid),
    now,
  );
  const counted = countState(metrics);
  const partners = () => partnersOf(source.snapshot().members, sessions.siblings());

  const leg = { at: section.at, local: localName, slot: lessonSlot };
  const snapshots = options.snapshots?.({
    leg,
    standing: () =>
      standingOf(source.snapshot(), self.name, partners(), restore.isReadyWith(own.worker)),
    isReadyWith: (worker) => restore.isReadyWith(worker),
    alone: (act, stop) => alone(desk, act, stop),
  });

  const restore = createRestore({
    ...{ snapshots, partners, now },
    ask(name, why) {
      const uid = sessions.siblings().find((each) => each.name === name)?.uid;
      if (uid !== undefined) sessions.askLesson(uid, why);
    },
    wasReady: options.wasReady?.worker ?? null,
  });

  const firstLesson = createFirstLesson({
    leg,
    mayBeTold: restore.mayBeTold,
    teach: teachNothing,
    synced: () => source.snapshot().synced,
    others: () =>
      partners().map(({ member, view }) => ({ name: member.name, view, serving: member.serving })),
    log,
    onTaught: count.firstLesson,
  });

  const board = createStatusBoard({
    ...{ self, version: options.version, section: peersSection, adminSocket },
    mode: config.mode,
    trust: trustKindOf(config),
    masterSocket: config.masterSocket,
    members: () => source.snapshot(),
    readiness: () => keeper.readiness(),
    incomplete: () => incomplete,
    fixedSection: { name: peersSection, entries: section.slots.length },
    peers: (peers) => peersByName(peers, self.name, partners()),
    snapshot: snapshots?.shown,
    troubles: () => modules.flatMap((each) => each.trouble?.() ?? []),
    now,
    wallNow: options.wallNow,
  });

  const keeper = createReadiness({
    confirm: confirmWith({
      ...{ config, self, board, log, now, events, metrics, cure: 'lesson' },
      onRepairing() {},
      onIncomplete(isIncomplete) {
        incomplete = isIncomplete;
      },
    }),
    wasReady: options.wasReady?.worker ?? null,
    onReady() {
      metrics.ready.set(1);
      log.info({ paired: names(sessions.siblings().filter(({ paired }) => paired)) }, 'ready');
    },
    onUnready: (reasons) => {
      metrics.ready.set(0);
      log.warn({ reasons }, 'not ready any more');
    },
    onReadyAgain: () => metrics.ready.set(1),
    onReadyMarker(worker) {
      restore.readyWith(worker);
      options.onReadyMarker(worker === null ? null : { worker, incomplete });
    },
  });

  function askLesson(why: string): void {
    const teacher = teacherOf(sessions.siblings());
    if (teacher === undefined) return;
    sessions.askLesson(teacher.uid, why);
    keeper.hardReloaded(true);
  }

  async function pass(): Promise<{ readonly nextAtMs: number }> {
    const membership = source.snapshot();
    sessions.setMembers(membership.members);
    keeper.observing();
    const seen = await observePeers(adminSocket, peersSection, signal);
    own = ownOf(own, seen);
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
  }

  const scheduler = createScheduler({
    pass,
    reconcileIntervalMs: config.reconcileInterval,
    now,
    onError: (error) => log.error({ code: 'BUG', err: error }, errorMessage(error)),
  });
  source.onChange(leftOutNotices(() => source.snapshot(), events));
  source.onChange(() => scheduler.poke());

  return {
    scheduler,
    readiness: keeper.readiness,
    siblings: sessions.siblings,
    view: () => own.view,
    linked: (link) => sessions.linked(link),
    watch: (stop) =>
      watchWorker(
        {
          adminSocket,
          observe: (look) => observePeers(adminSocket, peersSection, look),
          next: lookNeeded.next,
          onLook(running) {
            const { worker, view } = own;
            const isSame =
              running.kind === 'worker' &&
              view !== null &&
              worker !== null &&
              sameWorker(worker, running.worker);
            if (keeper.running(running) || (!isSame && running.kind !== 'silent')) scheduler.poke();
          },
        },
        stop,
      ),
    record: async (stop) => snapshots?.recording.run(stop),
    recordLast: async (limitMs) => snapshots?.recording.last(limitMs),
    status: () => board.status(),
    lessons: {
      alone: (act, stop) => alone(desk, act, stop),
      refuses: restore.waits,
      used(outcome) {
        snapshots?.byHand(outcome);
        return outcome.step === 'restored'
          ? sessions.askToCompare('a snapshot was restored by hand')
          : [];
      },
    },
    show: () => count.show(sessions.siblings()),
    stop: sessions.stop,
  };
}

function names(siblings: readonly Sibling[]): readonly string[] {
  return siblings.map(({ name }) => name);
}
