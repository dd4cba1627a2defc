import { nanoid } from 'nanoid';
import { createDirectApplier } from '../apply/direct.ts';
import { monotonicNow, repeat, wallNow } from '../clock.ts';
import { liveness } from '../engine/liveness.ts';
import { UserError } from '../errors.ts';
import { readText } from '../files/files.ts';
import { readPeersTls } from '../modules/peers/tls/files.ts';
import { createBridge } from '../modules/relay/bridge/bridge.ts';
import { countLinks } from '../modules/relay/count.ts';
import { createLinks } from '../modules/relay/links/links.ts';
import { readCertificates, trustFiles, trustKindOf } from '../modules/relay/links/trust-files.ts';
import { watchCertificates } from '../modules/relay/links/watch-certificates.ts';
import { createRelay, type Relay } from '../modules/relay/module.ts';
import { readRelaySection } from '../modules/relay/section/read.ts';
import { localName } from '../modules/relay/section/slots.ts';
import { writeBeforeHAProxy } from '../modules/relay/start/before-haproxy.ts';
import { snapshotsFor } from '../modules/snapshot/create.ts';
import { lastSnapshotMs } from '../modules/snapshot/recording.ts';
import { openDoor } from '../modules/snapshot/turn/door.ts';
import { doorPath } from '../modules/snapshot/turn/messages.ts';
import { readSnapshotKeys } from '../snapshot/file/keys.ts';
import { askStatus } from '../telemetry/ask-status.ts';
import { runAggregate, sumsVersion } from './run-aggregate.ts';
import { createBackendsFile, runBackends } from './run-backends.ts';
import { serve } from './serve.ts';
import type { Started } from './start.ts';

/** `run --mode relay`: until `signal` aborts. */
export async function runRelay(started: Started): Promise<void> {
  const { config, log, signal, metrics, source, self, events } = started;
  await writeBeforeHAProxy(started);
  const section = readRelaySection(await readText(config.haproxyConfig), config.peersSection);
  if (section === null)
    throw new UserError(
      'SECTION_MISSING',
      `${config.haproxyConfig} has no peers section ${config.peersSection} with the slots of relay mode`,
      { hint: 'Give --mode relay to init, too, or --template to run: they write them.' },
    );
  const { relayPort: port } = config;
  const trust = trustKindOf(config);
  const uid = config.podUid ?? self.name;
  if (config.snapshotKeyFile !== undefined) await readSnapshotKeys(config.snapshotKeyFile);
  const backends = await runBackends(started, () => {
    relay.scheduler.poke();
    file?.poke();
  });
  const { haproxyConfig: configFile, masterSocket, haproxyBin } = config;
  const file =
    backends === null
      ? null
      : createBackendsFile({
          applier: createDirectApplier({ configFile, masterSocket, haproxyBin, log }),
          ...{ config, module: backends.module, log },
        });
  const sums = await runAggregate(started, localName, () => relay.scheduler.poke());
  const relay: Relay = createRelay({
    ...started,
    modules: [
      ...[backends, sums].flatMap((each) => each?.module ?? []),
      {
        trouble: () => links.troubles().join('; ') || null,
        // Else it would be ready without what they hold once --join-timeout is over.
        waits() {
          const names = links.otherNames().join(', ');
          return names === ''
            ? null
            : `${names}: other names there, all need the same --peer-names`;
        },
      },
    ],
    ...{ section, uid },
    now: monotonicNow,
    wallNow,
    snapshots: snapshotsFor({
      ...{ config, metrics, events, log, now: monotonicNow, wallNow },
      ...{ self: self.name, version: started.version, tables: section.tables },
    }),
  });
  const links = createLinks({
    own: {
      ...{ version: 1, section: config.peersSection, pod: self.name, uid, start: nanoid() },
      sums: sums === null ? undefined : sumsVersion,
    },
    ...{ port, host: config.podIp, log, now: monotonicNow },
    ...trustFiles(config),
    members: () => source.snapshot(),
    selfName: self.name,
    onLink(link) {
      sums?.linked(link);
      relay.linked(link);
    },
  });
  source.onChange(() => links.membersChanged());
  const bridge = createBridge({
    ...{ selfName: self.name, host: config.podIp, port: config.peersPort, log, now: monotonicNow },
    members: () => source.snapshot(),
    linked: () => new Set(links.links().map(({ other }) => other.pod)),
    own: relay.view,
    ready: () => relay.readiness().ready,
    ask: ({ address, name }, stop) =>
      askStatus(address, config.listen.port, { timeoutMs: 1000, signal: stop, name }),
    onLink: relay.linked,
    tls: config.peersTls ? () => readPeersTls(config) : undefined,
  });
  const server = await serve({
    ...{ config, metrics, source, scheduler: relay.scheduler },
    live: () => liveness(relay.scheduler.overdueMs(), 0),
    readiness: relay.readiness,
    status: async () => ({
      ...(await relay.status()),
      backends: backends?.status(),
      aggregate: sums?.status(),
    }),
    show: [relay.show, countLinks(metrics, links.counters), () => sums?.show()],
  });
  const door = await openDoor({
    ...{ path: doorPath(config.adminSocket), log },
    ready: () => relay.readiness().ready,
    alone: relay.lessons.alone,
    refuses: relay.lessons.refuses,
    on: relay.lessons.used,
  });
  const listening = await links.start(signal);
  if (config.relayUpgrade) await bridge.start(signal);
  log.info(
    {
      ...{ port: server.port, relayPort: listening.port, source: source.name },
      ...{ slots: section.slots.length, trust },
      ...(config.relayUpgrade ? { upgradePort: config.peersPort } : {}),
    },
    'listening',
  );
  const stopLooking =
    trust === 'certificates'
      ? lookAgain(
          watchCertificates({
            read: () => readCertificates(config),
            log,
            onExpiry: (atMs) => metrics.certificateExpiry.set(atMs / 1000),
          }),
          config.reconcileInterval,
        )
      : () => {};
  source.start(signal);
  const watching = Promise.all([
    relay.watch(signal),
    relay.record(signal),
    backends?.run(signal),
    file?.run(signal),
    sums?.run(signal),
  ]);
  await relay.scheduler.run(signal);
  stopLooking();
  await door?.close();
  await relay.recordLast(lastSnapshotMs);
  await Promise.all([watching, source.stopped(), links.close(), bridge.close(), relay.stop()]);
  await sums?.stop();
  await Promise.all([server.close(), events.flush(1000)]);
}

/** Now, and each time the interval is over. */
function lookAgain(look: () => Promise<void>, everyMs: number): () => void {
  void look();
  return repeat(() => void look(), everyMs);
}
