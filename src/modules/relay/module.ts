import { observePeers } from '../../engine/observe.ts';
import { sameWorker } from '../../engine/ready-marker.ts';
import type { Readiness } from '../../engine/ready-rule.ts';
import { createScheduler, type Scheduler } from '../../engine/scheduler.ts';
import { watchWorker } from '../../engine/watch-worker.ts';
import { errorMessage } from '../../errors.ts';
import { leftOutNotices } from '../../telemetry/notice-recorder.ts';
import type { Status } from '../../telemetry/status-schema.ts';
import type { Outcome } from '../snapshot/turn/messages.ts';
import { countSessions } from './count.ts';
import { alone, createDesk } from './difference/desk.ts';
import { createFirstLesson } from './first-lesson.ts';
import { createHaproxySessions } from './haproxy-sessions.ts';
import { createKeeper } from './keeper.ts';
import { teachNothing } from './legs/teach-nothing.ts';
import { trustKindOf } from './links/trust-files.ts';
import { createLookNeeded } from './look-needed.ts';
import type { View } from './pairing/view.ts';
import { createPartners } from './partners.ts';
import { createPass, notSeenYet } from './pass.ts';
import type { RelayOptions } from './relay-options.ts';
import { createRestore } from './restore.ts';
import { lessonSlot, localName } from './section/slots.ts';
import type { Sibling } from './sessions.ts';
import { createSettled } from './settled.ts';
import type { LinkTo } from './sibling-link.ts';
import { standingOf } from './snapshot-view.ts';

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

/** Sessions of our HAProxy with those of all members, without a line in haproxy.cfg that would be another one for it. */
export function createRelay(options: RelayOptions): Relay {
  const { config, section, source, self, log, now, events, metrics } = options;
  const { adminSocket, peersSection } = config;
  const state = notSeenYet();
  metrics.relayPlaintext.set(trustKindOf(config) === 'plaintext' ? 1 : 0);
  const count = countSessions(metrics);
  const settled = createSettled(now);
  const desk = createDesk();
  const sessions = createHaproxySessions({
    ...{ section, uid: options.uid, log, now, events, desk, count },
    shown: () => restore.shown(state.own),
    settledMs: settled.ms,
    onChange() {
      lookNeeded.changed();
      scheduler.poke();
    },
  });
  const { siblings } = sessions;
  const paired = () => siblings().flatMap((each) => (each.paired ? [each.uid] : []));
  const lookNeeded = createLookNeeded(paired, now);
  const partnersOf = createPartners(self, now);
  const partners = () => partnersOf(source.snapshot().members, siblings());

  const leg = { at: section.at, local: localName, slot: lessonSlot };
  const snapshots = options.snapshots?.({
    leg,
    standing: () =>
      standingOf(source.snapshot(), self.name, partners(), restore.isReadyWith(state.own.worker)),
    isReadyWith: (worker) => restore.isReadyWith(worker),
    alone: (act, stop) => alone(desk, act, stop),
  });
  const restore = createRestore({
    ...{ snapshots, partners, now },
    ask(name, why) {
      const uid = siblings().find((each) => each.name === name)?.uid;
      if (uid !== undefined) sessions.askLesson(uid, why);
    },
    wasReady: options.wasReady?.worker ?? null,
  });
  const firstLesson = createFirstLesson({
    ...{ leg, log, mayBeTold: restore.mayBeTold, teach: teachNothing },
    synced: () => source.snapshot().synced,
    others: () =>
      partners().map(({ member, view }) => ({ name: member.name, view, serving: member.serving })),
    onTaught: count.firstLesson,
  });
  const { keeper, board } = createKeeper({
    ...{ relay: options, restore, snapshots, partners, siblings },
  });
  const scheduler = createScheduler({
    pass: createPass(state, {
      ...{ relay: options, sessions, partners, restore, settled, firstLesson, keeper },
    }),
    reconcileIntervalMs: config.reconcileInterval,
    now,
    onError: (error) => log.error({ code: 'BUG', err: error }, errorMessage(error)),
  });
  source.onChange(leftOutNotices(() => source.snapshot(), events));
  source.onChange(() => scheduler.poke());

  return {
    scheduler,
    readiness: keeper.readiness,
    siblings,
    view: () => state.own.view,
    linked: (link) => sessions.linked(link),
    watch: (stop) =>
      watchWorker(
        {
          adminSocket,
          observe: (look) => observePeers(adminSocket, peersSection, look),
          next: lookNeeded.next,
          onLook(running) {
            const { worker, view } = state.own;
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
    show: () => count.show(siblings()),
    stop: sessions.stop,
  };
}
