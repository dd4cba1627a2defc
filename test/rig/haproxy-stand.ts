import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { endChild, hasEnded, outputOf } from '../helpers/child.ts';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/ports.ts';
import { makeFolder, removeFolder } from '../helpers/temporary-folder.ts';

export const sectionName = 'haproxy-peers';

export interface HaproxyStand {
  readonly directory: string;
  readonly configFile: string;
  readonly adminSocket: string;
  readonly masterSocket: string;
  /** The port of our own peer line (`a`). */
  readonly peersPort: number;
  readonly masterPid: number;
  /** One command on the admin socket of the worker. */
  ask(command: string): Promise<string>;
  /** Names in `show peers`, sorted. */
  runningNames(): Promise<readonly string[]>;
  text(): string;
  stop(): Promise<void>;
}

export interface HaproxyStandOptions {
  readonly haproxy: string;
  /** Lines of the peers section after its name; `null` for no section. `PORT` becomes a free port. */
  readonly peers?: readonly string[] | null;
  readonly env?: Readonly<Record<string, string>>;
  /** The last word on the text of haproxy.cfg before HAProxy starts. */
  readonly rewrite?: (text: string) => string;
}

/** Of the userlist `controller`. */
export const user = 'admin';
export const password = 'correct-horse-battery-staple';

/** A real HAProxy master and worker on loopback, in a temporary directory, whose local peer is `a`. */
export async function startHaproxyStand(options: HaproxyStandOptions): Promise<HaproxyStand> {
  const directory = makeFolder('hps-');
  const peersPort = await freePort();
  const configFile = join(directory, 'haproxy.cfg');
  const adminSocket = join(directory, 'admin.sock');
  const masterSocket = join(directory, 'master.sock');
  const peers = options.peers === undefined ? ['peer a 127.0.0.1:PORT'] : options.peers;
  const table = peers === null || peers.length === 0 ? '' : ` peers ${sectionName}`;
  const text = `global
  localpeer a
  stats socket ${adminSocket} mode 600 level admin
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
userlist controller
  user ${user} insecure-password ${password}
${peers === null ? '' : `peers ${sectionName}\n${peers.map((line) => `  ${line}\n`).join('')}`.replaceAll('PORT', String(peersPort))}
frontend web
  bind 127.0.0.1:${await freePort()}
  default_backend sessions
backend sessions
  stick-table type string len 64 size 1k expire 1h store gpc0${table}
`;
  writeFileSync(configFile, options.rewrite?.(text) ?? text);
  const child = spawn(options.haproxy, ['-W', '-S', masterSocket, '-f', configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  const output = outputOf(child);
  const ask = (command: string) => askSocket(adminSocket, command);
  async function stop(): Promise<void> {
    await endChild(child, 'SIGTERM');
    removeFolder(directory);
  }
  try {
    await eventually(async () => {
      if (hasEnded(child)) throw new Error(`haproxy ended: ${output()}`);
      await askSocket(masterSocket, 'show proc');
      return (await ask('show info')).includes('Uptime');
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    directory,
    configFile,
    adminSocket,
    masterSocket,
    peersPort,
    masterPid: child.pid ?? 0,
    ask,
    async runningNames() {
      const peersText = await ask('show peers');
      return [...peersText.matchAll(/id=(\S+?)\((?:local|remote),/g)]
        .map((match) => match[1] ?? '')
        .sort();
    },
    text: () => readFileSync(configFile, 'utf8'),
    stop,
  };
}

function askSocket(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(path, () => socket.end(`${command}\n`));
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no answer to ${command}`)));
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}
