import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { endChild, hasEnded, outputOf } from '../helpers/child.ts';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/ports.ts';
import {
  type HaproxyStand,
  type HaproxyStandOptions,
  password,
  startHaproxyStand,
  user,
} from './haproxy-stand.ts';

export interface DataplaneStand extends HaproxyStand {
  /** As given to `addressOf`. */
  readonly address: string;
  readonly user: string;
  readonly password: string;
  readonly passwordFile: string;
  readonly stateDirectory: string;
  readonly version: 'v3' | 'v2';
  /** Flags that lead a sidecar here. */
  readonly sidecarFlags: readonly string[];
  /** A call of somebody else with the right password. `path` is the part after `/services/haproxy`. */
  human(method: string, path: string, body?: unknown): Promise<HumanAnswer>;
  stopApi(signal?: NodeJS.Signals): Promise<void>;
  startApi(): Promise<void>;
  /** Replaces haproxy.cfg and lets the API read it as at its start, which it does without writing it. */
  givenText(text: string): Promise<void>;
}

export interface HumanAnswer {
  readonly status: number;
  readonly text: string;
  /** The JSON body; v2's `data` wrapper is taken off. `undefined` where it is no JSON. */
  readonly json: unknown;
  readonly configurationVersion: string;
}

export interface DataplaneStandOptions extends HaproxyStandOptions {
  readonly version: 'v3' | 'v2';
  readonly dataplane: string;
  readonly unixSocket?: boolean;
  /** Seconds until the API reloads after a commit without `force_reload`. Default 1. */
  readonly reloadDelay?: number;
  /** The API does not notice that the file was written by somebody else: only `givenText` is told to it. */
  readonly blind?: boolean;
}

/** A real Data Plane API over a real HAProxy. */
export async function startDataplane(options: DataplaneStandOptions): Promise<DataplaneStand> {
  const haproxy = await startHaproxyStand(options);
  const { directory, configFile, masterSocket } = haproxy;
  const port = await freePort();
  const socket = join(directory, 'dataplane.sock');
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const folders = ['transactions', 'maps', 'ssl', 'general', 'storage', 'spoe', 'spoetx'];
  for (const folder of folders) mkdirSync(join(directory, folder));
  const at = (folder: string) => join(directory, folder);
  const listen =
    options.unixSocket === true ? { scheme: ['unix'], socket_path: socket } : { scheme: ['http'] };
  // Used below HAProxy 2.7 only, where the API cannot reload over the master socket.
  const reloadScript = at('reload.sh');
  writeFileSync(reloadScript, `#!/bin/sh\nexec kill -USR2 ${haproxy.masterPid}\n`, { mode: 0o755 });
  const settings = {
    config_version: 2,
    name: 'stand',
    dataplaneapi: {
      host: '127.0.0.1',
      port,
      ...listen,
      userlist: { userlist: 'controller' },
      disable_inotify: options.blind === true,
      transaction: { transaction_dir: at('transactions') },
      resources: {
        maps_dir: at('maps'),
        ssl_certs_dir: at('ssl'),
        general_storage_dir: at('general'),
        dataplane_storage_dir: at('storage'),
        spoe_dir: at('spoe'),
        spoe_transaction_dir: at('spoetx'),
      },
    },
    haproxy: {
      config_file: configFile,
      haproxy_bin: options.haproxy,
      master_runtime: masterSocket,
      master_worker_mode: true,
      reload: {
        reload_delay: options.reloadDelay ?? 1,
        reload_cmd: reloadScript,
        restart_cmd: 'false',
        reload_strategy: 'custom',
      },
    },
    log_targets: [{ log_to: 'stdout', log_level: 'warning', log_types: ['app'] }],
  };
  const settingsFile = at('dataplaneapi.yml');
  writeFileSync(settingsFile, JSON.stringify(settings));
  let child: ChildProcess | undefined;

  async function human(method: string, path: string, body?: unknown): Promise<HumanAnswer> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const type = typeof body === 'string' ? 'text/plain' : 'application/json';
      const outgoing = request(
        {
          ...(options.unixSocket === true ? { socketPath: socket } : { host: '127.0.0.1', port }),
          method,
          path: `/${options.version}/services/haproxy${path}`,
          auth: `${user}:${password}`,
          headers: { 'content-type': type, connection: 'close' },
        },
        (incoming) => {
          let received = '';
          incoming.setEncoding('utf8');
          incoming.on('data', (chunk: string) => {
            received += chunk;
          });
          incoming.on('end', () => {
            resolve({
              status: incoming.statusCode ?? 0,
              text: received,
              json: unwrap(received),
              configurationVersion: String(incoming.headers['configuration-version'] ?? ''),
            });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(text);
    });
  }

  async function startApi(): Promise<void> {
    rmSync(socket, { force: true });
    const started = spawn(options.dataplane, ['-f', settingsFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: directory,
      env: { ...process.env, ...options.env, HOST: '127.0.0.1', PORT: String(port) },
    });
    child = started;
    const output = outputOf(started);
    await eventually(async () => {
      if (hasEnded(started)) throw new Error(`dataplaneapi ended: ${output()}`);
      return (await human('GET', '/configuration/version')).status === 200;
    });
  }

  async function stopApi(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await endChild(child, signal);
    child = undefined;
  }

  let given = 0;
  /** SIGUSR2: a new client over the file as it is (dataplaneapi configure_data_plane.go). The version tells when. */
  async function givenText(text: string): Promise<void> {
    given += 1000;
    const version = String(given);
    writeFileSync(configFile, `# _version=${version}\n${text}`);
    child?.kill('SIGUSR2');
    const read = async () => (await human('GET', '/configuration/version')).text.includes(version);
    await eventually(read, { intervalMs: 5 });
  }

  try {
    await startApi();
  } catch (error) {
    await haproxy.stop();
    throw error;
  }
  const address = options.unixSocket === true ? `unix:${socket}` : `http://127.0.0.1:${port}`;
  return {
    ...haproxy,
    address,
    sidecarFlags: [
      `--haproxy-config=${configFile}`,
      `--admin-socket=${haproxy.adminSocket}`,
      `--master-socket=${masterSocket}`,
      `--dataplane-url=${address}`,
      `--dataplane-password-file=${passwordFile}`,
    ],
    user,
    password,
    passwordFile,
    stateDirectory: at('state'),
    version: options.version,
    human,
    stopApi,
    startApi,
    givenText,
    async stop() {
      await stopApi();
      await haproxy.stop();
    },
  };
}

function unwrap(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'data' in value ? value.data : value;
  } catch {
    return undefined;
  }
}
