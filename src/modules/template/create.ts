import type { SidecarConfig } from '../../config/values.ts';
import { untilLoaded } from '../../dataplane/until-loaded.ts';
import type { Module } from '../../engine/module.ts';
import { parseShowTable } from '../../haproxy/show-table.ts';
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
import { createTemplate } from './module.ts';
import { newListeners, refuseTaken } from './ports.ts';
import { permittedLosses, refuseLosses, tableLosses } from './table-losses.ts';
import { keyOf, type Version } from './version.ts';

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
  let pidBefore: number | undefined;

  const ask = (line: string, signal?: AbortSignal) =>
    command(adminSocket, line, { timeoutMs: 3000, ...(signal === undefined ? {} : { signal }) });

  async function workerPid(signal?: AbortSignal): Promise<number | undefined> {
    const info = await ask('show info', signal).catch(() => '');
    return parseWorker(info)?.pid;
  }

  /** By stick table. Throws when HAProxy cannot be asked: what it holds is not known then. */
  async function entriesOf(signal?: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const tables = parseShowTable(await ask('show table', signal));
    return new Map(tables.map(({ name, used }) => [name, used]));
  }

  /** Undefined when it cannot be asked, or nobody was there before. */
  async function isAnother(signal?: AbortSignal): Promise<boolean | undefined> {
    const pid = await workerPid(signal);
    return pid === undefined || pidBefore === undefined ? undefined : pid !== pidBefore;
  }

  async function render(look: Look): Promise<Version> {
    const credentials = await readCredentials(config, look.template);
    const { text, staticPeers: names } = rendering(look.template, credentials, []);
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
    async checkTables(base, next, signal) {
      const losses = tableLosses(base.rendered, next.rendered);
      if (losses.length > 0) refuseLosses(losses, next.template, await entriesOf(signal));
    },
    permittedLosses: (base, next) =>
      permittedLosses(tableLosses(base.rendered, next.rendered), next.template),
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
