import type { SidecarConfig } from '../../config/values.ts';
import { untilLoaded } from '../../dataplane/until-loaded.ts';
import type { Module } from '../../engine/module.ts';
import { command } from '../../haproxy/socket.ts';
import { parseWorker } from '../../haproxy/worker.ts';
import type { Log } from '../../log.ts';
import type { Self } from '../../model/member.ts';
import type { Recorder } from '../../telemetry/event-recorder.ts';
import type { MetricsOf } from '../../telemetry/metrics.ts';
import { haproxyEnv } from '../peers/haproxy-env.ts';
import { readCredentials } from '../peers/join/credentials.ts';
import { createRendering } from '../peers/join/rendering.ts';
import { readTemplateNote, writeTemplateNote } from '../peers/join/template-note.ts';
import type { StaticPeers } from '../peers/static-peers.ts';
import { templateEdit } from './edit.ts';
import { createLook, type Look } from './look.ts';
import type { templateMetrics } from './metrics.ts';
import { createTemplate, keyOf, type Version } from './module.ts';
import { newListeners, refuseTaken } from './ports.ts';
import { tableLosses } from './table-losses.ts';

const mountedOf = ({ template, files }: Look): Look => ({ template, files });

/** Follows --template; null without --watch-template. */
export function createTemplateWatch(context: {
  readonly config: SidecarConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly self: Self;
  readonly staticPeers: StaticPeers;
  readonly events: Recorder;
  readonly log: Log;
  readonly metrics: MetricsOf<typeof templateMetrics>;
  readonly now: () => number;
}): Module | null {
  const { config, self, staticPeers, events, log, metrics } = context;
  const { template: path, haproxyConfig: configFile, adminSocket } = config;
  if (!config.watchTemplate || path === undefined || config.dryRun) return null;
  const rendering = createRendering(context);
  let credentials: ReturnType<typeof readCredentials> | undefined;
  let pidBefore: number | undefined;

  async function workerPid(signal?: AbortSignal): Promise<number | undefined> {
    const limits = { timeoutMs: 3000, ...(signal === undefined ? {} : { signal }) };
    const info = await command(adminSocket, 'show info', limits).catch(() => '');
    return parseWorker(info)?.pid;
  }

  /** Undefined when it cannot be asked, or nobody was there before. */
  async function isAnother(signal: AbortSignal): Promise<boolean | undefined> {
    const pid = await workerPid(signal);
    return pid === undefined || pidBefore === undefined ? undefined : pid !== pidBefore;
  }

  async function render(look: Look): Promise<Version> {
    credentials ??= readCredentials(config);
    const { text, staticPeers: names } = rendering(
      look.template,
      (await credentials)(look.template),
      [],
    );
    return { ...mountedOf(look), key: keyOf(look), rendered: text, staticPeers: names };
  }

  const where = {
    sectionName: config.peersSection,
    selfName: self.name,
    env: haproxyEnv(config, context.env),
  };
  return createTemplate({
    look: createLook(path, config.watchFiles),
    render,
    edit: (bases, { rendered }) =>
      templateEdit({
        bases: bases.map((each) => each.rendered),
        next: rendered,
        where,
        lacks: async (signal) => (await untilLoaded(isAnother, signal)) === false,
      }),
    checkPorts: (base, next) => refuseTaken(newListeners(base.rendered, next.rendered, where.env)),
    readNote: () => readTemplateNote(configFile),
    writeNote: (inForce, written) =>
      writeTemplateNote(configFile, {
        ...mountedOf(inForce),
        ...(written === null ? {} : { written: mountedOf(written) }),
      }),
    isAnother,
    own: { keyword: 'peers', section: where.sectionName, names: new Set(), env: where.env },
    async beforeReload() {
      pidBefore = await workerPid();
    },
    tableLosses: (base, next) => tableLosses(base.rendered, next.rendered),
    onStaticPeers: staticPeers.changed,
    onOutcome(outcome, message) {
      metrics.templateChanges.inc({ outcome });
      const reason = outcome === 'applied' ? 'TemplateApplied' : 'TemplateRefused';
      events.record({ reason, message });
    },
    onInForce: (isInForce) => metrics.templateInForce.set(isInForce ? 1 : 0),
    log,
    now: context.now,
  });
}
