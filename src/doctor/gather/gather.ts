import { readFile, stat } from 'node:fs/promises';
import { geteuid } from 'node:process';
import { wallNow } from '../../clock.ts';
import type { SidecarConfig } from '../../config/values.ts';
import { hello } from '../../haproxy/hello.ts';
import { expiresAtMs, readMaterial } from '../../haproxy/tls-material.ts';
import { createLog } from '../../log.ts';
import { haproxyEnv } from '../../modules/peers/haproxy-env.ts';
import { userlistFile } from '../../modules/peers/join/credentials.ts';
import { sharedDirectories } from '../../modules/peers/join/shared-directories.ts';
import { helloTls, peersTlsSource } from '../../modules/peers/tls/files.ts';
import { readCertificates, trustKindOf } from '../../modules/relay/links/trust-files.ts';
import { localName } from '../../modules/relay/section/slots.ts';
import { createSource } from '../../sources/from-config.ts';
import { readKeptSelector } from '../../sources/kept-selector.ts';
import type { Facts } from '../facts.ts';
import { lookAtBackends } from './look-at-backends.ts';
import { lookAtDataplane } from './look-at-dataplane.ts';
import { lookAtDns } from './look-at-dns.ts';
import { connectedOf, lookAtHaproxy, lookAtMaster } from './look-at-haproxy.ts';
import { lookAtOwnPod } from './look-at-own-pod.ts';
import { lookAtPods } from './look-at-pods.ts';
import { lookAtRelay } from './look-at-relay.ts';
import { lookAtSiblings } from './look-at-siblings.ts';
import { lookAtSnapshots } from './look-at-snapshots.ts';
import { looked } from './looked.ts';

async function lookAtTls(config: SidecarConfig): Promise<NonNullable<Facts['tls']> | null> {
  const isTrust = config.mode === 'relay' && trustKindOf(config) === 'certificates';
  if (!isTrust && !config.peersTls) return null;
  return looked(async () => {
    const material = isTrust
      ? await readCertificates(config)
      : await readMaterial(peersTlsSource(config));
    return { endsInMs: expiresAtMs(material) - wallNow() };
  });
}

/** The text of a file without its last line break, and its mode. */
async function lookAtPassword({ dataplanePassword, dataplanePasswordFile: file }: SidecarConfig) {
  if (dataplanePassword !== undefined) return { text: dataplanePassword, mode: 0o600 };
  const { mode } = await stat(file);
  const text = await readFile(file, 'utf8');
  return { text: text.replace(/[\r\n]+$/, ''), mode: mode & 0o777 };
}

const notLookedFor = { ok: false, why: 'not looked for' } as const;
/** Of the API server, where it is not asked. */
const nothing: Pick<Facts, 'ownPod' | 'services'> = {};

/** Collects all facts that a check may need. Changes nothing, and never throws because of what it finds. */
export async function gatherFacts(
  config: SidecarConfig,
  env: Readonly<Record<string, string | undefined>>,
  version: string,
  signal: AbortSignal,
): Promise<Facts> {
  const isRelay = config.mode === 'relay';
  const usesDataplane = config.applier === 'dataplane' && !isRelay;
  const kept = await readKeptSelector(config.haproxyConfig, config.podName);
  const created = createSource(config, createLog('silent'), { kept });
  const { self, scope } = created;
  const { members } = config;
  const namespace = 'namespace' in members ? members.namespace : null;
  const selector = await looked(async () => {
    if (members.kind === 'service') return `kubernetes.io/service-name=${members.service}`;
    return (await scope?.selector(signal)) ?? '';
  });
  const tls = await helloTls(config).catch(() => undefined);
  const admin = await looked(() => lookAtHaproxy(config, signal));
  const [
    pods,
    configText,
    usersText,
    dataplaneYml,
    password,
    dataplane,
    master,
    own,
    others,
    kube,
  ] = await Promise.all([
    namespace !== null && selector.ok
      ? looked(() => lookAtPods(config, namespace, selector.value, signal))
      : selector.ok
        ? notLookedFor
        : selector,
    looked(() => readFile(config.haproxyConfig, 'utf8')),
    looked(() => readFile(userlistFile(config), 'utf8')),
    looked(() => readFile(config.dataplaneConfig, 'utf8')),
    looked(() => lookAtPassword(config)),
    usesDataplane ? looked(() => lookAtDataplane(config, signal)) : notLookedFor,
    looked(() => lookAtMaster(config, signal)),
    isRelay
      ? ('refused' as const)
      : hello({
          ...{ address: self.address, port: config.peersPort, siblingName: self.name },
          // A name that no peer has: under our own name it would be taken for the session that the old worker opens at a reload.
          ...{ ownName: `${self.name}-doctor`, timeoutMs: 2000, signal, tls },
        }),
    lookAtSiblings(config, created, connectedOf(admin, self.name), signal),
    namespace === null ? nothing : lookAtOwnPod(config, namespace, signal),
  ]);
  return {
    self,
    localName: isRelay ? localName : undefined,
    relay: await lookAtRelay(config, configText, signal),
    snapshot: await lookAtSnapshots(config),
    backends: await lookAtBackends(config, env, { configText, admin }, signal),
    sums: config.aggregate ? { suffix: config.aggregateSuffix } : undefined,
    podName: config.podName,
    version,
    env: haproxyEnv(config, env),
    container: { uid: geteuid?.() ?? 0, directories: sharedDirectories(config) },
    options: {
      peersSection: config.peersSection,
      lessons: config.lessons,
      relayPort: config.relayPort,
      peersPort: config.peersPort,
      configFile: config.haproxyConfig,
      passwordFile: config.dataplanePasswordFile,
      dataplaneConfig: config.dataplaneConfig,
      dataplaneUrl: config.dataplaneUrl,
      dataplaneUser: config.dataplaneUser,
      userlist: config.dataplaneUserlist,
      masterSocket: config.masterSocket,
      adminSocket: config.adminSocket,
      namespace: namespace ?? '',
      usesDataplane,
      usesKubernetes: namespace !== null,
      allowLeftOut: config.allowLeftOut,
      statusPort: config.listen.port,
      joinTimeoutMs: config.joinTimeout,
      dnsIntervalMs: config.dnsInterval,
    },
    selector,
    selectorFrom: scope?.found()?.origin,
    leftOut: others.leftOut,
    pods,
    ownAddresses: config.podIps,
    ownPod: kube.ownPod,
    services: kube.services,
    dns: members.kind === 'dns' ? await looked(() => lookAtDns(config, members.dns)) : undefined,
    configText,
    usersText,
    dataplaneYml,
    password,
    dataplane,
    master,
    admin,
    ownPort: own,
    siblings: others.siblings,
    tls: await lookAtTls(config),
  };
}
