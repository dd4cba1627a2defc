import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  endlessHello,
  type HostileServer,
  hostileServer,
  hostileStatus,
} from '../../helpers/hostile-server.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { ownNetwork } from '../../rig/network.ts';
import { replicaTemplate } from '../../rig/replica.ts';

const siblings = 24;
/** Of V8's heap, in MiB: init at rest takes 20. */
const heapMiB = 64;
/** Of the process, in MiB; init with siblings that answer as they should takes 100 to 120. */
const memoryMiB = 190;

let directory: string;
const servers: HostileServer[] = [];
beforeEach(() => {
  directory = testFolder();
  mkdirSync(join(directory, 'etc'));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** The most memory that a process has had, in MiB; 0 once it is gone. */
function peakOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(text)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

const accepts = (socket: Socket) => void socket.write('200\n');

/** init beside siblings that all answer so: its exit code, its log, the most memory it had. */
async function initBeside(
  network: string,
  answers: {
    readonly hello: (socket: Socket) => void;
    readonly status: (socket: Socket) => void;
  },
) {
  const addresses = Array.from({ length: siblings }, (_, index) => `${network}.${index + 2}`);
  const peers = await Promise.all(
    addresses.map((address) => hostileServer(address, 3000, answers.hello)),
  );
  const sidecars = await Promise.all(
    addresses.map((address) => hostileServer(address, 8405, answers.status)),
  );
  servers.push(...peers, ...sidecars);
  const members = addresses.map((address, index) => ({ name: `s${index}`, address }));
  const membersFile = join(directory, 'members.json');
  writeFileSync(membersFile, JSON.stringify([{ name: 'a', address: `${network}.1` }, ...members]));
  writeFileSync(join(directory, 'template.cfg'), replicaTemplate(`${network}.1`));
  const flags = {
    'pod-name': 'a',
    'pod-ip': `${network}.1`,
    source: 'file',
    'members-file': membersFile,
    template: join(directory, 'template.cfg'),
    'haproxy-config': join(directory, 'etc', 'haproxy.cfg'),
    'dataplane-password-file': join(directory, 'etc', 'password'),
    'dataplane-config': join(directory, 'etc', 'dataplaneapi.yml'),
    'admin-socket': join(directory, 'admin.sock'),
    'master-socket': join(directory, 'master.sock'),
    'haproxy-bin': programs.haproxy ?? 'haproxy',
    settle: '50ms',
    'silence-limit': '3s',
    'join-timeout': '10s',
  };
  const argv = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  const child = startProgram(['init', ...argv], {
    NODE_OPTIONS: `--max-old-space-size=${heapMiB}`,
  });
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid));
  }, 20);
  try {
    return { ...(await child.ended), peak };
  } finally {
    clearInterval(watch);
  }
}

describe('init beside siblings that mean harm', () => {
  it.each([
    'a list of 8 MiB',
    'half a MiB of wrong items',
    'lists in lists in lists',
    'a body without an end',
    'headers without an end',
  ] as const)('outlives a status of %s', async (kind) => {
    const ended = await initBeside(ownNetwork(), {
      hello: accepts,
      status: hostileStatus[kind],
    });

    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.text).toContain('HAProxy may start');
    expect(ended.peak).toBeLessThan(memoryMiB);
  });

  it('outlives a hello without an end', async () => {
    const ended = await initBeside(ownNetwork(), {
      hello: endlessHello,
      status: hostileStatus['nothing at all'],
    });

    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.text).toContain('did not answer on the peers port');
    expect(ended.peak).toBeLessThan(memoryMiB);
  });
});
