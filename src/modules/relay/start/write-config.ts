import { geteuid } from 'node:process';
import { wallNow } from '../../../clock.ts';
import type { InitConfig } from '../../../config/values.ts';
import { containerLines } from '../../../config-text/container-lines.ts';
import { type FileAccess, readText } from '../../../files/files.ts';
import { writeChecked } from '../../../haproxy/write-checked.ts';
import { connectWith } from '../../../kubernetes/connection.ts';
import type { Log } from '../../../log.ts';
import { withSums } from '../../aggregate/section/render.ts';
import { haproxyEnv } from '../../peers/haproxy-env.ts';
import { sharedDirectories } from '../../peers/join/shared-directories.ts';
import { readPeersTls } from '../../peers/tls/files.ts';
import { checkTrust } from '../links/trust-files.ts';
import { renderRelayCfg } from '../section/render.ts';
import { localName } from '../section/slots.ts';
import { provideKey } from './key-secret.ts';

/** Throws where pods in reload mode ask for certificates, and those that are here cannot be used. */
async function checkUpgrade(config: InitConfig, log: Log): Promise<void> {
  if (config.peersTls) await readPeersTls(config);
  const how = config.peersTls ? '' : ' without encryption';
  log.warn(
    { port: config.peersPort },
    `--relay-upgrade: pods in reload mode are spoken to${how}; take it away when none is left`,
  );
}

/**
 * Writes the one haproxy.cfg of relay mode, and the key where --relay-key-secret asks for it. The text is checked by HAProxy where there is one. Throws, with nothing written, where
 * there is no key or certificate, or the template cannot be read, used or accepted.
 */
export async function writeRelayConfig(options: {
  readonly config: InitConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { config, log, signal } = options;
  if (config.relayKeySecret !== undefined)
    await provideKey({
      secret: { namespace: config.namespace ?? '', name: config.relayKeySecret },
      file: config.relayKeyFile,
      connect: connectWith(config.kubeconfig),
      ...{ log, signal },
    });
  const doubts = await checkTrust(config, wallNow());
  if (doubts.length > 0) log.warn({ warnings: doubts }, 'what sidecars know each other by');
  if (config.relayUpgrade) await checkUpgrade(config, log);
  const template = await readText(config.template);
  const rendered = renderRelayCfg({
    template,
    sectionName: config.peersSection,
    slots: config.relaySlots,
    adminSocket: config.adminSocket,
    port: config.peersPort,
    env: haproxyEnv(config, options.env),
  });
  const sums = config.aggregate
    ? withSums({
        ...{ text: rendered.text, localName, adminSocket: config.adminSocket },
        ...{ port: config.aggregatePort, suffix: config.aggregateSuffix },
      })
    : { text: rendered.text, warnings: [] };
  const { text } = sums;
  const warnings = [...rendered.warnings, ...sums.warnings];
  const container = { uid: geteuid?.() ?? 0, directories: sharedDirectories(config) };
  const unfit = containerLines(template, container).map(
    ({ line, text: written, why }) => `line ${line}: ${written}: ${why}`,
  );
  if (unfit.length + warnings.length > 0)
    log.warn({ warnings: [...unfit, ...warnings] }, 'template');
  const gid = config.fileGroup;
  const access: FileAccess = gid === undefined ? { mode: 0o600 } : { mode: 0o640, gid };
  const { haproxyBin, haproxyConfig: file } = config;
  const said = await writeChecked({ haproxyBin, file, text, access });
  if (said === null) log.debug({ haproxyBin }, 'no HAProxy here to check with');
  else if (said.length > 0) log.warn({ warnings: said }, 'HAProxy warns of the configuration');
}
