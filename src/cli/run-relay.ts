import { nanoid } from 'nanoid';
import { monotonicNow, wallNow } from '../clock.ts';
import { liveness } from '../engine/liveness.ts';
import { UserError } from '../errors.ts';
import { readText } from '../files/files.ts';
import { readKeyFile } from '../modules/relay/links/keys.ts';
import { createLinks } from '../modules/relay/links/links.ts';
import { createRelay } from '../modules/relay/module.ts';
import { readRelaySection } from '../modules/relay/section/read.ts';
import { serve } from './serve.ts';
import type { Started } from './start.ts';

/** `run --mode relay`: until `signal` aborts. */
export async function runRelay(started: Started): Promise<void> {
  const { config, log, signal, metrics, source, self, events } = started;
  const section = readRelaySection(await readText(config.haproxyConfig), config.peersSection);
  if (section === null)
    throw new UserError(
      'SECTION_MISSING',
      `${config.haproxyConfig} has no peers section ${config.peersSection} with the slots of relay mode`,
      { hint: 'Give --mode relay to init, too: it writes them.' },
    );
  const { relayPort: port, relayPlaintext: plaintext } = config;
  const uid = config.podUid ?? self.name;
  const relay = createRelay({
    ...started,
    ...{ section, uid },
    now: monotonicNow,
    wallNow,
  });
  const links = createLinks({
    own: { version: 1, section: config.peersSection, pod: self.name, uid, start: nanoid() },
    ...{ port, host: config.podIp, plaintext, log, now: monotonicNow },
    members: () => source.snapshot(),
    selfName: self.name,
    keys: async () => (await readKeyFile(config.relayKeyFile)).keys,
    onLink: relay.linked,
  });
  source.onChange(() => links.membersChanged());
  const server = await serve({
    ...{ config, metrics, source, scheduler: relay.scheduler },
    live: () => liveness(relay.scheduler.overdueMs(), 0),
    readiness: relay.readiness,
    status: relay.status,
    show: [relay.show],
  });
  const listening = await links.start(signal);
  log.info(
    {
      ...{ port: server.port, relayPort: listening.port, source: source.name },
      slots: section.slots.length,
    },
    'listening',
  );
  source.start(signal);
  const watching = relay.watch(signal);
  await relay.scheduler.run(signal);
  await Promise.all([watching, source.stopped(), links.close(), relay.stop()]);
  await Promise.all([server.close(), events.flush(1000)]);
}
