import { nanoid } from 'nanoid';
import { monotonicNow, repeat } from '../clock.ts';
import { lessonsSection } from '../modules/lessons/messages.ts';
import { countLinks } from '../modules/relay/count.ts';
import type { Link } from '../modules/relay/links/link.ts';
import { createLinks } from '../modules/relay/links/links.ts';
import { readCertificates, trustFiles, trustKindOf } from '../modules/relay/links/trust-files.ts';
import { watchCertificates } from '../modules/relay/links/watch-certificates.ts';
import type { Started } from './start.ts';

/** Links with other sidecars in reload mode. */
export interface ReloadLinks {
  /** Listens for other sidecars until `signal` aborts. Resolves when nothing is open any more. */
  run(signal: AbortSignal): Promise<void>;
  /** Brings the metrics up to date. */
  readonly show: () => void;
  /** Who cannot be linked with, and why; null: all is well. */
  trouble(): string | null;
}

export interface ReloadLinksOptions {
  /** `--lessons`; null: without. */
  readonly lessons: ((link: Link) => void) | null;
  /** `--aggregate`; null: without. */
  readonly sums: ((link: Link) => void) | null;
  /** `Greeting.sums`. */
  readonly sumsVersion: number;
}

/** One link with each other sidecar, for all that need one. Where nobody does no port is opened. */
export function reloadLinks(
  { config, log, metrics, source, self }: Started,
  { lessons, sums, sumsVersion }: ReloadLinksOptions,
): ReloadLinks {
  if (lessons === null && sums === null)
    return { run: async () => {}, show() {}, trouble: () => null };
  const links = createLinks({
    own: {
      ...{ version: 1, section: lessonsSection(config.peersSection), pod: self.name },
      ...{ uid: config.podUid ?? self.name, start: nanoid() },
      sums: sums === null ? undefined : sumsVersion,
    },
    ...{ port: config.relayPort, host: config.podIp, log, now: monotonicNow },
    ...trustFiles(config),
    members: () => source.snapshot(),
    selfName: self.name,
    onLink(link) {
      sums?.(link);
      if (lessons !== null) lessons(link);
      else {
        // A link without a reader brings nothing at all: the other side may give lessons.
        link.onData(() => {});
        link.onMessage(() => {});
      }
    },
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
    show: countLinks(metrics, links.counters),
    trouble: () => links.troubles().join('; ') || null,
    async run(signal) {
      const { port } = await links.start(signal);
      const what = lessons === null ? 'exchanges counters' : 'compares';
      log.info({ relayPort: port, trust: trustKindOf(config) }, `${what} with other sidecars`);
      await watchTrust(signal);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await links.close();
    },
  };
}
