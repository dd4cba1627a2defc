import { readFile, stat } from 'node:fs/promises';
import { geteuid } from 'node:process';
import { monotonicNow, sleep, wallNow } from '../clock.ts';
import type { SidecarConfig } from '../config/values.ts';
import { configVersion } from '../config-text/peers-text.ts';
import { createCaller } from '../dataplane/caller.ts';
import { createCredentials, fixedCredentials } from '../dataplane/credentials.ts';
import { createHttp, parseJson } from '../dataplane/http.ts';
import { infoSchema } from '../dataplane/schema.ts';
import { createTransactions } from '../dataplane/transactions.ts';
import { AppError, errorMessage, UserError } from '../errors.ts';
import { hello } from '../haproxy/hello.ts';
import { showProc } from '../haproxy/master.ts';
import { parseShowPeers } from '../haproxy/show-peers.ts';
import { parseShowTable } from '../haproxy/show-table.ts';
import { command } from '../haproxy/socket.ts';
import { expiresAtMs, readMaterial } from '../haproxy/tls-material.ts';
import { inTurns } from '../in-turns.ts';
import { connectWith } from '../kubernetes/connection.ts';
import { asAppError } from '../kubernetes/failures.ts';
import { listAll } from '../kubernetes/list.ts';
import { getObjects } from '../kubernetes/request.ts';
import { createLog } from '../log.ts';
import type { HelloOutcome } from '../model/hello.ts';
import { isDnsName } from '../model/names.ts';
import { haproxyEnv } from '../modules/peers/haproxy-env.ts';
import { sharedDirectories } from '../modules/peers/join/shared-directories.ts';
import { helloTls, peersTlsSource } from '../modules/peers/tls/files.ts';
import { createSource } from '../sources/from-config.ts';
import { readKeptSelector } from '../sources/kept-selector.ts';
import { pods as podKind } from '../sources/kubernetes/pod-source.ts';
import { slices } from '../sources/kubernetes/slice-source.ts';
import type { SliceFacts } from '../sources/slices.ts';
import { askStatus } from '../telemetry/ask-status.ts';
import type { Facts, Looked, PodFact, SiblingFact } from './facts.ts';

const answerMs = 5000;
/** How many siblings are asked at the same time. */
const askedAtOnce = 16;

type Created = ReturnType<typeof createSource>;

/** The value of a look, or what was thrown. */
async function looked<T>(look: () => Promise<T>): Promise<Looked<T>> {
  try {
    return { ok: true, value: await look() };
  } catch (error) {
    const why = errorMessage(error);
    return error instanceof AppError
      ? { ok: false, why, code: error.code, hint: error.hint }
      : { ok: false, why };
  }
}

/** Those that somebody can be called by. */
function endpointsOf({ endpoints }: SliceFacts): readonly PodFact[] {
  return endpoints.flatMap(({ name, ...rest }) =>
    name === null || !isDnsName(name) ? [] : [{ name, ...rest }],
  );
}

async function lookAtPods(
  { members, kubeconfig }: SidecarConfig,
  namespace: string,
  selector: string,
  signal: AbortSignal,
) {
  const kind = members.kind === 'service' ? slices : podKind;
  const context = { namespace, verb: 'list', kind } as const;
  const connection = await connectWith(kubeconfig)();
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
    const query = { labelSelector: selector, limit: '1' };
    const answer = await getObjects(connection, { ...context, query, signal: limit });
    const date = Date.parse(answer.headers.date ?? '');
    answer.destroy();
    const options = { namespace, selector, signal, answerMs };
    const pods =
      members.kind === 'service'
        ? [...(await listAll(connection, slices, options)).objects.values()].flatMap(endpointsOf)
        : [...(await listAll(connection, podKind, options)).objects.values()];
    return {
      pods,
      skewMs: Number.isFinite(date) ? date - wallNow() : null,
    };
  } catch (error) {
    throw asAppError(error, context);
  } finally {
    connection.close();
  }
}

async function lookAtDataplane(config: SidecarConfig, signal: AbortSignal) {
  const { text, isLocal } = config.dataplaneUrl;
  if (!isLocal && !config.allowRemoteDataplane)
    throw new UserError('CONFIG_INVALID', `${text} is not asked: it is not on the loopback`, {
      hint: 'look at dataplane-address; with --allow-remote-dataplane the password is sent there',
    });
  const http = createHttp({
    address: config.dataplaneUrl,
    credentials:
      config.dataplanePassword === undefined
        ? createCredentials(config.dataplaneUser, config.passwordFile)
        : fixedCredentials(config.dataplaneUser, config.dataplanePassword),
  });
  const timeoutMs = config.dataplaneTimeout;
  const caller = createCaller(http, { timeoutMs, commitTimeoutMs: timeoutMs });
  const path = `/${await caller.version(signal)}/info`;
  const info = await http({ stage: 'detect', method: 'GET', path, expect: [200], timeoutMs });
  const raw = await createTransactions(caller).raw(signal);
  return {
    api: infoSchema.safeParse(parseJson(info.text)).data?.api.version ?? 'of unknown version',
    inMemory: raw.version,
    onDisk: String(configVersion(raw.text) ?? raw.version),
  };
}

async function lookAtHaproxy({ adminSocket, peersSection }: SidecarConfig, signal: AbortSignal) {
  const ask = (line: string) => command(adminSocket, line, { timeoutMs: answerMs, signal });
  const [info, level, peers, tables] = await Promise.all([
    ask('show info'),
    ask('show cli level'),
    ask('show peers'),
    ask('show table'),
  ]);
  return {
    version: /^Version: (\S+)/m.exec(info)?.[1] ?? 'unknown',
    level: level.trim(),
    peers: parseShowPeers(peers).find(({ section }) => section === peersSection) ?? null,
    tables: parseShowTable(tables),
  };
}

/**
 * Our members as run would know them, once; whoever cannot be known stays out. Who is `connected` (`NAME ADDR:PORT`) has
 * accepted this pod already, and is not asked: an accepted hello is a session, and ends the one that is there (seen with
 * HAProxy 3.0, which connected again 5 s later).
 */
async function lookAtSiblings(
  config: SidecarConfig,
  { source, self }: Created,
  connected: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Pick<Facts, 'siblings' | 'leftOut'>> {
  const stop = new AbortController();
  source.start(AbortSignal.any([signal, stop.signal]));
  const deadline = monotonicNow() + answerMs;
  while (!source.snapshot().synced && monotonicNow() < deadline) await sleep(50, signal);
  const { members, leftOut } = source.snapshot();
  stop.abort();
  await source.stopped();
  const { port } = config.listen;
  const tls = await helloTls(config).catch(() => undefined);
  const siblings = await inTurns(
    members.filter(({ name, terminating }) => name !== self.name && !terminating),
    askedAtOnce,
    async ({ name, address }): Promise<SiblingFact> => {
      const accepts = async (): Promise<HelloOutcome> =>
        connected.has(`${name} ${address}:${config.peersPort}`)
          ? 'known'
          : await hello({
              ...{ address, port: config.peersPort, siblingName: name, ownName: self.name },
              ...{ timeoutMs: 2000, signal, tls },
            });
      const [outcome, status] = await Promise.all([
        accepts(),
        askStatus(address, port, { timeoutMs: 2000, signal, name }),
      ]);
      const told = status && {
        version: status.version,
        haproxy: status.haproxy.version,
        tables: status.tables,
      };
      return { name, address, hello: outcome, status: told };
    },
  );
  return { siblings, leftOut };
}

async function lookAtTls(config: SidecarConfig): Promise<NonNullable<Facts['tls']> | null> {
  if (!config.peersTls) return null;
  return looked(async () => {
    const material = await readMaterial(peersTlsSource(config));
    return { endsInMs: expiresAtMs(material) - wallNow() };
  });
}

/** Peers that this one has a live session with, as `NAME ADDR:PORT`. */
function connectedOf(admin: Facts['admin'], ownName: string): ReadonlySet<string> {
  const state = admin.ok ? admin.value.peers : null;
  if (state?.localName !== ownName) return new Set();
  const connected = state.peers.filter(({ established }) => established);
  return new Set(connected.map(({ name, address }) => `${name} ${address}`));
}

/** Looks at everything that a check may want to know. Changes nothing; never throws for what it finds. */
export async function gatherFacts(
  config: SidecarConfig,
  env: Readonly<Record<string, string | undefined>>,
  version: string,
  signal: AbortSignal,
): Promise<Facts> {
  const kept = await readKeptSelector(config.configFile, config.podName);
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
  const [pods, configText, dataplaneYml, password, dataplane, master, own, others] =
    await Promise.all([
      namespace !== null && selector.ok
        ? looked(() => lookAtPods(config, namespace, selector.value, signal))
        : selector.ok
          ? ({ ok: false, why: 'not looked for' } as const)
          : selector,
      looked(() => readFile(config.configFile, 'utf8')),
      looked(() => readFile(config.dataplaneConfig, 'utf8')),
      looked(async () => {
        if (config.dataplanePassword !== undefined) {
          return { text: config.dataplanePassword, mode: 0o600 };
        }
        const { mode } = await stat(config.passwordFile);
        const text = await readFile(config.passwordFile, 'utf8');
        return { text: text.replace(/[\r\n]+$/, ''), mode: mode & 0o777 };
      }),
      looked(() => lookAtDataplane(config, signal)),
      looked(async () => {
        const processes = await showProc(config.masterSocket, { timeoutMs: answerMs, signal });
        const found = processes.find(({ kind }) => kind === 'master');
        if (found === undefined) throw new Error(`${config.masterSocket} is no master socket`);
        return { failedReloads: found.failed };
      }),
      hello({
        ...{ address: self.address, port: config.peersPort, siblingName: self.name },
        // A name that nobody has: under our own it would be a session, as the old worker opens one at a reload.
        ...{ ownName: `${self.name}-doctor`, timeoutMs: 2000, signal, tls },
      }),
      lookAtSiblings(config, created, connectedOf(admin, self.name), signal),
    ]);
  return {
    self,
    podName: config.podName,
    version,
    env: haproxyEnv(config, env),
    container: { uid: geteuid?.() ?? 0, directories: sharedDirectories(config) },
    options: {
      peersSection: config.peersSection,
      peersPort: config.peersPort,
      configFile: config.configFile,
      passwordFile: config.passwordFile,
      dataplaneConfig: config.dataplaneConfig,
      dataplaneUrl: config.dataplaneUrl,
      dataplaneUser: config.dataplaneUser,
      userlist: config.userlist,
      masterSocket: config.masterSocket,
      adminSocket: config.adminSocket,
      namespace: namespace ?? '',
      usesDataplane: config.applier === 'dataplane',
      usesKubernetes: namespace !== null,
      allowLeftOut: config.allowLeftOut,
      statusPort: config.listen.port,
    },
    selector,
    selectorFrom: scope?.found()?.origin,
    leftOut: others.leftOut,
    pods,
    configText,
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
