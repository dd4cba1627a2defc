import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseShowProc } from '../../src/haproxy/master.ts';
import { parseShowPeers } from '../../src/haproxy/show-peers.ts';
import { parseShowTable } from '../../src/haproxy/show-table.ts';
import { command } from '../../src/haproxy/socket.ts';
import type { PeersState } from '../../src/model/peers-state.ts';
import { endChild, hasEnded, signalGroup } from '../helpers/child.ts';
import { eventually } from '../helpers/eventually.ts';
import { sectionName } from './haproxy-stand.ts';

/** This tree's program, from source. */
export const ownMain = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The ports of every replica; the addresses differ. */
export interface ReplicaPorts {
  readonly peers: number;
  readonly api: number;
  readonly web: number;
  readonly probe: number;
  /** Between the sidecars, in relay mode. */
  readonly relay: number;
}

export const defaultPorts: ReplicaPorts = {
  peers: 3000,
  api: 5555,
  web: 8080,
  probe: 8405,
  relay: 3001,
};

/** What all replicas of one set-up share. */
export interface ReplicaSetting {
  readonly haproxy: string;
  /** Null: the `direct` applier. */
  readonly dataplane: string | null;
  readonly directory: string;
  /** Flags that say where the members come from. */
  readonly sourceFlags: readonly string[];
  readonly flags?: readonly string[];
  /** Flags of init alone, where `flags` are those of run. */
  readonly initFlags?: readonly string[];
  readonly ports?: ReplicaPorts;
  /** More sections of the template. */
  readonly sections?: string;
  /** Entries that the table has room for, as haproxy.cfg writes it. */
  readonly tableSize?: string;
  /** The program, from source or built; this tree's source where missing. */
  readonly main?: string;
  /** Flags of Node for the sidecar, and its environment. */
  readonly nodeFlags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** File with the key of the links: relay mode. Missing: reload mode. */
  readonly relayKey?: string;
  /** In its place, the mounted Secret with the certificates that the sidecars of the links show. */
  readonly relayCertificates?: (name: string) => string;
  /** HAProxy connects to peers from its own address, as in a pod; missing: from 127.0.0.1, as the loopback has it. */
  readonly ownSource?: boolean;
  /** The uid of a pod, where something else knows it, too; undefined: one is made of its name. */
  readonly podUid?: (name: string) => string | undefined;
  /** No program is started any more once it is aborted. */
  readonly signal?: AbortSignal;
}

/** One replica as a pod would hold it: HAProxy, Data Plane API and sidecar, on a loopback address of its own. */
export interface Replica {
  readonly name: string;
  readonly mode: 'reload' | 'relay';
  readonly address: string;
  readonly directory: string;
  readonly ports: ReplicaPorts;
  /** The init container: resolves when HAProxy may start. */
  init(): Promise<void>;
  start(): Promise<void>;
  /** HAProxy alone, with the configuration that is there: for the naive strategy. */
  startHaproxy(): Promise<void>;
  readonly configFile: string;
  readonly adminSocket: string;
  readonly masterSocket: string;
  ready(): Promise<boolean>;
  ask(line: string): Promise<string>;
  peers(): Promise<PeersState | undefined>;
  entries(): Promise<number>;
  /** Reloads that HAProxy's master has counted. Throws while the master restarts itself for a reload. */
  reloads(): Promise<number>;
  log(): string;
  /** SIGKILL to the sidecar alone, and a start as kubelet would make it. */
  killSidecar(): Promise<void>;
  startSidecar(): void;
  sidecarPid(): number;
  /** SIGKILL to HAProxy, master and workers, as a container ends; `startHaproxy` as kubelet starts it again. */
  killHaproxy(): Promise<void>;
  /** SIGKILL to the Data Plane API alone, and a start; without one they do nothing. */
  killApi(): Promise<void>;
  startApi(): void;
  /** SIGSTOP to HAProxy, master and workers: connections stay open and nobody answers. */
  pauseHaproxy(): void;
  resumeHaproxy(): void;
  /** As Kubernetes does: HAProxy first, the sidecar last. */
  stop(): Promise<void>;
  /** SIGKILL to everything at once. */
  kill(): Promise<void>;
}

/** The user's own haproxy.cfg, which says nothing of peers but the section's name. */
export function replicaTemplate(address: string, port = defaultPorts.web, size = '2m'): string {
  return `global
    log stderr local0 notice
    hard-stop-after 20s

defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s

frontend web
    bind ${address}:${port}
    http-request track-sc0 url_param(session) table sessions
    http-request sc-inc-gpc0(0)
    http-request return status 200

backend sessions
    stick-table type string len 64 size ${size} expire 1h store gpc0 peers ${sectionName}
`;
}

/** How a program of a replica is ended. */
const stopped = { graceMs: 10_000, group: true };

export function createReplica(setting: ReplicaSetting, name: string, address: string): Replica {
  const { ports = defaultPorts, main = ownMain, nodeFlags = [] } = setting;
  const directory = join(setting.directory, name);
  const etc = join(directory, 'etc');
  const run = join(directory, 'run');
  for (const path of [etc, run]) mkdirSync(path, { recursive: true });
  const template = join(directory, 'template.cfg');
  const source = setting.ownSource
    ? `\npeers ${sectionName}\n    default-server source ${address}\n`
    : '';
  const sections = setting.sections ?? '';
  const text = replicaTemplate(address, ports.web, setting.tableSize);
  writeFileSync(template, text + sections + source);
  const configFile = join(etc, 'haproxy.cfg');
  const adminSocket = join(run, 'admin.sock');
  const masterSocket = join(run, 'master.sock');
  const logFile = join(directory, 'log');
  const children: { haproxy?: ChildProcess; api?: ChildProcess; sidecar?: ChildProcess } = {};

  const certificates = setting.relayCertificates?.(name);
  const isRelay = setting.relayKey !== undefined || certificates !== undefined;
  const ofTrust =
    certificates === undefined
      ? [`--relay-key-file=${setting.relayKey}`]
      : [
          '--relay-trust=certificates',
          `--peers-tls-certificate=${join(certificates, 'tls.crt')}`,
          `--peers-tls-key=${join(certificates, 'tls.key')}`,
          `--peers-tls-ca=${join(certificates, 'ca.crt')}`,
        ];
  const ofMode = isRelay
    ? ['--mode=relay', `--relay-port=${ports.relay}`, ...ofTrust]
    : [
        `--dataplane-password-file=${join(etc, 'dataplaneapi.password')}`,
        `--dataplane-url=http://${address}:${ports.api}`,
        `--applier=${setting.dataplane === null ? 'direct' : 'dataplane'}`,
      ];
  const common = [
    `--pod-name=${name}`,
    `--pod-ip=${address}`,
    `--peers-port=${ports.peers}`,
    `--haproxy-config=${configFile}`,
    `--admin-socket=${adminSocket}`,
    `--master-socket=${masterSocket}`,
    `--haproxy-bin=${setting.haproxy}`,
    ...ofMode,
    `--listen=${address}:${ports.probe}`,
    ...setting.sourceFlags,
  ];

  /** Known from the moment that the pod is there. */
  function podUid(): readonly string[] {
    if (!isRelay) return [];
    return [`--pod-uid=${setting.podUid?.(name) ?? `uid-of-${name}`}`];
  }

  function launch(file: string, args: readonly string[]): ChildProcess {
    setting.signal?.throwIfAborted();
    const log = openSync(logFile, 'a');
    const { PATH = '', HOME = '' } = process.env;
    try {
      return spawn(file, args, {
        cwd: directory,
        // What a program leaves behind when it is killed goes with the directory.
        env: { PATH, HOME, TMPDIR: run, ...setting.env },
        stdio: ['ignore', log, log],
        detached: true,
      });
    } finally {
      closeSync(log);
    }
  }

  function log(): string {
    return existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
  }

  async function startHaproxy(): Promise<void> {
    const child = launch(setting.haproxy, ['-W', '-db', '-S', masterSocket, '-f', configFile]);
    children.haproxy = child;
    await eventually(async () => {
      if (hasEnded(child)) throw new Error(`HAProxy of ${name} ended:\n${log()}`);
      return (await command(adminSocket, 'show info')).includes('Uptime');
    });
  }

  function startSidecar(): void {
    const argv = [...nodeFlags, main, 'run', ...common, ...podUid(), ...(setting.flags ?? [])];
    children.sidecar = launch(process.execPath, argv);
  }

  function startApi(): void {
    if (setting.dataplane === null) return;
    children.api = launch(setting.dataplane, ['-f', join(etc, 'dataplaneapi.yml')]);
  }

  /** --peers-tls writes the `default-server` anew, without what the template has there. */
  function fromOwnAddress(): void {
    const text = readFileSync(configFile, 'utf8');
    const from = `default-server source ${address} ssl`;
    writeFileSync(configFile, text.replace('default-server ssl', from));
  }

  return {
    name,
    mode: isRelay ? 'relay' : 'reload',
    address,
    directory,
    ports,
    configFile,
    adminSocket,
    masterSocket,
    log,
    startHaproxy,
    async init() {
      const yml = isRelay ? [] : [`--dataplane-config=${join(etc, 'dataplaneapi.yml')}`];
      const child = launch(process.execPath, [
        main,
        'init',
        `--template=${template}`,
        ...yml,
        ...common,
        ...podUid(),
        ...(setting.initFlags ?? []),
      ]);
      children.sidecar = child;
      const code = await new Promise((resolve) => child.once('exit', resolve));
      if (code !== 0) throw new Error(`init of ${name} ended with ${String(code)}:\n${log()}`);
      if (setting.ownSource) fromOwnAddress();
    },
    async start() {
      startSidecar();
      await startHaproxy();
      startApi();
    },
    killHaproxy: () => endChild(children.haproxy, 'SIGKILL', stopped),
    killSidecar: () => endChild(children.sidecar, 'SIGKILL', stopped),
    startSidecar,
    sidecarPid: () => children.sidecar?.pid ?? 0,
    killApi: () => endChild(children.api, 'SIGKILL', stopped),
    startApi,
    pauseHaproxy: () => signalGroup(children.haproxy, 'SIGSTOP'),
    resumeHaproxy: () => signalGroup(children.haproxy, 'SIGCONT'),
    async ready() {
      try {
        return (await fetch(`http://${address}:${ports.probe}/readyz`)).ok;
      } catch {
        return false;
      }
    },
    ask: (line) => command(adminSocket, line, { timeoutMs: 30_000 }),
    async peers() {
      const states = parseShowPeers(await command(adminSocket, 'show peers'));
      return states.find((state) => state.section === sectionName);
    },
    async entries() {
      const tables = parseShowTable(await command(adminSocket, 'show table'));
      return tables.find((table) => table.name === 'sessions')?.used ?? 0;
    },
    async reloads() {
      const processes = parseShowProc(await command(masterSocket, 'show proc'));
      const master = processes.find(({ kind }) => kind === 'master');
      if (master === undefined) throw new Error(`${name} has no master in show proc`);
      return master.reloads;
    },
    async stop() {
      // Not SIGUSR1, the stop signal of HAProxy's image: it takes 5 s more and leaves siblings more time, so this is the harder case.
      await Promise.all([
        endChild(children.haproxy, 'SIGTERM', stopped),
        endChild(children.api, 'SIGTERM', stopped),
      ]);
      await endChild(children.sidecar, 'SIGTERM', stopped);
    },
    async kill() {
      const all = [children.haproxy, children.api, children.sidecar];
      await Promise.all(all.map((child) => endChild(child, 'SIGKILL', stopped)));
    },
  };
}
