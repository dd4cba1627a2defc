import { nanoid } from 'nanoid';
import { monotonicNow, repeat } from '../clock.ts';
import { observePeers } from '../engine/observe.ts';
import { readText } from '../files/files.ts';
import { createLessons } from '../modules/lessons/lessons.ts';
import { lessonsSection } from '../modules/lessons/messages.ts';
import { haproxyEnv } from '../modules/peers/haproxy-env.ts';
import { lessonPlaceOf } from '../modules/peers/lesson-leg.ts';
import { countLinks, countSessions } from '../modules/relay/count.ts';
import type { Desk } from '../modules/relay/difference/desk.ts';
import { teachNothing } from '../modules/relay/legs/teach-nothing.ts';
import { createLinks } from '../modules/relay/links/links.ts';
import { readCertificates, trustFiles, trustKindOf } from '../modules/relay/links/trust-files.ts';
import { watchCertificates } from '../modules/relay/links/watch-certificates.ts';
import type { Started } from './start.ts';

/** The lessons of reload mode, as `run` has them. */
export interface RunningLessons {
  /** Since when one is given or taken; null: none is. */
  sinceMs(): number | null;
  /** Has the others compare themselves with this HAProxy once more. Their names. */
  askToCompare(why: string): readonly string[];
  /** Why none is ever given; null: they are. */
  readonly trouble: string | null;
  /** Listens for other sidecars, and looks at HAProxy, until `signal` aborts. Resolves when nothing is open any more. */
  run(signal: AbortSignal): Promise<void>;
  /** Brings the metrics up to date. */
  readonly show: () => void;
}

const none = { sinceMs: () => null, askToCompare: () => [], show() {}, run: async () => {} };

/** Without `--lessons`, and where the section has no line for them, no port is opened. `isBusy`: a reload waits, or runs. */
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
  const lessons = createLessons({
    ...{ uid, leg: place, desk, isBusy, log, now: monotonicNow, random: Math.random, teachNothing },
    membership: () => source.snapshot(),
    selfName: self.name,
    observe: (signal) => observePeers(adminSocket, sectionName, signal),
    onLearned: countSessions(metrics).byDifference,
  });
  const section = lessonsSection(sectionName);
  const links = createLinks({
    own: { version: 1, section, pod: self.name, uid, start: nanoid() },
    ...{ port: config.relayPort, host: config.podIp, log, now: monotonicNow },
    ...trustFiles(config),
    members: () => source.snapshot(),
    selfName: self.name,
    onLink: lessons.linked,
  });
  source.onChange(() => links.membersChanged());

  async function watchTrust(signal: AbortSignal): Promise<void> {
    if (trustKindOf(config) !== 'certificates') return;
    const look = watchCertificates({
      read: () => readCertificates(config),
      log,
      onExpiry: (atMs) => metrics.certificateExpiry.set(atMs / 1000),
    });
    await look();
    const stop = repeat(() => void look(), config.reconcileInterval);
    signal.addEventListener('abort', stop, { once: true });
  }

  return {
    sinceMs: lessons.sinceMs,
    askToCompare: lessons.askToCompare,
    trouble: null,
    show: countLinks(metrics, links.counters),
    async run(signal) {
      const { port } = await links.start(signal);
      log.info({ relayPort: port, trust: trustKindOf(config) }, 'compares with other sidecars');
      await Promise.all([lessons.watch(signal), watchTrust(signal)]);
      await Promise.all([links.close(), lessons.stop()]);
    },
  };
}
