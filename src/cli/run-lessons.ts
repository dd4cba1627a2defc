import { monotonicNow, wallNow } from '../clock.ts';
import { observePeers } from '../engine/observe.ts';
import { readText } from '../files/files.ts';
import { createLessons, type LinkToTeach } from '../modules/lessons/lessons.ts';
import { haproxyEnv } from '../modules/peers/haproxy-env.ts';
import { lessonPlaceOf } from '../modules/peers/lesson-leg.ts';
import { countSessions } from '../modules/relay/count.ts';
import type { Desk } from '../modules/relay/difference/desk.ts';
import { teachNothing } from '../modules/relay/legs/teach-nothing.ts';
import type { Status } from '../telemetry/status-schema.ts';
import type { Started } from './start.ts';

/** The lessons of reload mode, as `run` has them. */
export interface RunningLessons {
  /** Since when one is given or taken; null: none is. */
  sinceMs(): number | null;
  /** Has the others compare themselves with this HAProxy once more. Their names. */
  askToCompare(why: string): readonly string[];
  /** Why none is ever given; null: they are. */
  readonly trouble: string | null;
  /** Another sidecar is linked; null: without `--lessons`, or where none can be given. */
  readonly linked: ((link: LinkToTeach) => void) | null;
  /** Looks at HAProxy until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Undefined: none is ever given. */
  status(): Status['lessons'];
  /** Brings the metrics up to date. */
  readonly show: () => void;
}

const none = {
  ...{ sinceMs: () => null, askToCompare: () => [], status: () => undefined },
  ...{ show() {}, linked: null, run: async () => {} },
};

/** `isBusy`: a reload waits, or runs. */
export async function lessonsFor(
  started: Started,
  desk: Desk,
  isBusy: () => boolean,
): Promise<RunningLessons> {
  const { config, env, log, metrics, source, self } = started;
  if (!config.lessons) return { ...none, trouble: null };
  const { peersSection: sectionName, adminSocket } = config;
  const place = lessonPlaceOf(await readText(config.haproxyConfig), {
    ...{ sectionName, selfName: self.name },
    env: haproxyEnv(config, env),
  });
  if (place.kind === 'none') {
    log.error({ code: 'CONFIG_INVALID', why: place.why }, 'no lessons are given or taken');
    return { ...none, trouble: `no lessons: ${place.why}` };
  }
  const uid = config.podUid ?? self.name;
  const { byDifference } = countSessions(metrics);
  let last: NonNullable<Status['lessons']>['last'] = null;
  const lessons = createLessons({
    ...{ uid, leg: place, desk, isBusy, log, now: monotonicNow, random: Math.random, teachNothing },
    membership: () => source.snapshot(),
    selfName: self.name,
    observe: (signal) => observePeers(adminSocket, sectionName, signal),
    onLearned(peer, lesson) {
      const { taken, skipped } = lesson;
      byDifference(peer, lesson);
      last = { atMs: wallNow(), peer, taken, skipped };
    },
  });
  return {
    sinceMs: lessons.sinceMs,
    askToCompare: lessons.askToCompare,
    trouble: null,
    linked: lessons.linked,
    status() {
      const sinceMs = lessons.sinceMs();
      const began = sinceMs === null ? null : wallNow() - (monotonicNow() - sinceMs);
      return { links: lessons.links(), sinceMs: began, last };
    },
    show: () => metrics.lessonLinks.set(lessons.links()),
    async run(signal) {
      await lessons.watch(signal);
      await lessons.stop();
    },
  };
}
