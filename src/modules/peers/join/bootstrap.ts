import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { geteuid } from 'node:process';
import { wallNow } from '../../../clock.ts';
import type { InitConfig } from '../../../config/values.ts';
import { containerLines } from '../../../config-text/container-lines.ts';
import { renderDataplaneYml, renderReloadScript } from '../../../config-text/dataplane-yml.ts';
import { lostLogs } from '../../../config-text/lost-logs.ts';
import { type FileAccess, readText, writeFileAtomic } from '../../../files/files.ts';
import { expiresAtMs, readMaterial, writeTlsFiles } from '../../../haproxy/tls-material.ts';
import { writeChecked } from '../../../haproxy/write-checked.ts';
import type { Log } from '../../../log.ts';
import type { Self } from '../../../model/member.ts';
import type { Membership } from '../../../model/membership.ts';
import { writeStaticPeers } from '../static-peers.ts';
import { peersTlsFiles, peersTlsSource } from '../tls/files.ts';
import { ensureCredentials, isUserInConfig, userlistFile } from './credentials.ts';
import { createRendering } from './rendering.ts';
import { sharedDirectories } from './shared-directories.ts';
import { writeTemplateNote } from './template-note.ts';

export interface BootstrapOptions {
  readonly config: InitConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly self: Self;
  readonly log: Log;
}

export interface Bootstrap {
  /** Writes haproxy.cfg for these members, checked by HAProxy where there is one. Nothing when nothing differs. */
  write(membership: Membership): Promise<void>;
}

async function writeConfig(
  { config, log }: BootstrapOptions,
  text: string,
  access: FileAccess,
): Promise<void> {
  const { haproxyBin, haproxyConfig: file } = config;
  const warnings = await writeChecked({ haproxyBin, file, text, access });
  if (warnings === null) log.debug({ haproxyBin }, 'no HAProxy here to check with');
  else if (warnings.length > 0) log.warn({ warnings }, 'HAProxy warns of the configuration');
}

/**
 * Credentials and configurations, everything that can be wrong read first: a template that cannot be read, or a volume
 * that cannot be written, is said before the members are waited for.
 */
export async function createBootstrap(options: BootstrapOptions): Promise<Bootstrap> {
  const { config, self, log } = options;
  const render = createRendering(options);
  const listen = config.applier === 'dataplane' ? config.dataplaneUrl.listen : null;
  const template = await readText(config.template);
  const gid = config.fileGroup;
  const access: FileAccess = gid === undefined ? { mode: 0o600 } : { mode: 0o640, gid };
  const directory = dirname(config.haproxyConfig);
  const credentials = await ensureCredentials(config, template, access, log);
  if (listen !== null) {
    const stateDirectory = `${directory}/dataplaneapi`;
    await mkdir(stateDirectory, { recursive: true, mode: 0o750 });
    const reloadScript = `${stateDirectory}/reload.sh`;
    const yml = renderDataplaneYml({
      podName: self.name,
      listen,
      userlist: config.dataplaneUserlist,
      userlistFile: isUserInConfig(config, template) ? undefined : userlistFile(config),
      configFile: config.haproxyConfig,
      masterSocket: config.masterSocket,
      stateDirectory,
      haproxyBin: config.haproxyBin,
      reloadScript,
    });
    await writeFileAtomic(reloadScript, renderReloadScript(config.masterSocket), access);
    await writeFileAtomic(config.dataplaneConfig, yml, access);
  }
  const tls = peersTlsFiles(config);
  if (tls !== undefined) {
    const material = await readMaterial(peersTlsSource(config));
    const expires = new Date(expiresAtMs(material));
    // Not a reason to keep the pod from starting: HAProxy starts, and shares again when the renewed one is there.
    if (expires.getTime() <= wallNow())
      log.error({ code: 'PEERS_TLS_INVALID', expires }, 'the certificate of the peers has expired');
    await writeTlsFiles(tls, material, access);
    log.info({ bundle: tls.bundle, expires }, 'certificates of the peers written');
  }
  const container = { uid: geteuid?.() ?? 0, directories: sharedDirectories(config) };
  const unfit = [...containerLines(template, container), ...lostLogs(template, container)].map(
    ({ line, text, why }) => `line ${line}: ${text}: ${why}`,
  );
  let said = '';
  let written = '';

  return {
    async write(membership) {
      const { text, staticPeers, ...rendered } = render(template, credentials, membership.members);
      const warnings = [...unfit, ...rendered.warnings];
      if (warnings.join('\n') !== said) log.warn({ warnings }, 'template');
      said = warnings.join('\n');
      if (text === written) return;
      await writeStaticPeers(config.haproxyConfig, staticPeers, access);
      await writeConfig(options, text, access);
      await writeTemplateNote(config.haproxyConfig, { template, files: {} }, access);
      written = text;
    },
  };
}
