import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { unless } from '../helpers/skip.ts';
import { figure, seconds } from './scenario.ts';

const run = promisify(execFile);
const file = 'examples/docker-compose/compose.yaml';
const project = ['compose', '--project-name', 'peer-sync-e2e', '--file', file];
const entries = 40_000;
const numbers = [1, 2, 3] as const;

/** Why it cannot run here, or nothing. */
function lacks(): string | undefined {
  for (const [args, what] of [
    [['compose', 'version'], 'no docker compose'],
    [['info', '--format', '{{.ServerVersion}}'], 'no Docker engine answers'],
    [['image', 'inspect', 'haproxy-peer-sync:dev'], 'no image haproxy-peer-sync:dev'],
  ] as const) {
    try {
      execFileSync('docker', args, { stdio: 'ignore', timeout: 10_000 });
    } catch {
      return what;
    }
  }
  return undefined;
}

async function compose(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('docker', [...project, ...args], {
    maxBuffer: 1e7,
    env: { ...process.env, HAPROXY_PEER_SYNC_IMAGE: 'haproxy-peer-sync:dev' },
  });
  return stdout;
}

function inside(service: string, command: string): Promise<string> {
  return compose('exec', '-T', service, 'sh', '-c', command);
}

function ask(number: number, command: string): Promise<string> {
  return inside(`haproxy-${number}`, `echo '${command}' | socat - /var/run/haproxy/admin.sock`);
}

async function used(number: number): Promise<number> {
  const text = await ask(number, 'show table');
  return Number(/^# table: sessions, .*used:(\d+)/m.exec(text)?.[1]);
}

async function allUsed(): Promise<void> {
  for (const number of numbers) {
    await eventually(async () => (await used(number)) === entries, { timeoutMs: 30_000 });
  }
}

describe('the example for docker compose', unless(lacks()), () => {
  beforeAll(async () => {
    const started = Date.now();
    await compose('up', '--detach');
    for (const number of numbers) {
      await eventually(
        async () => (await ask(number, 'show peers')).split('last_status=ESTA').length > 2,
        { timeoutMs: 60_000 },
      );
    }
    figure('docker compose, three replicas connected after', seconds(started));
  });
  afterAll(() => compose('down', '--volumes', '--timeout', '1'));

  it('shares the entries of one replica with all', async () => {
    const set = `awk 'BEGIN{for(i=0;i<${entries};i++) print "set table sessions key k-" i " data.gpc0 1"; print "quit"}'`;
    await inside(
      'haproxy-1',
      `{ echo prompt; ${set}; } | socat -t 60 - /var/run/haproxy/admin.sock >/dev/null`,
    );

    await allUsed();
  });

  it('gives a replica that restarts all of them again', async () => {
    await compose('restart', 'haproxy-2');

    await allUsed();
  });

  it('has nothing that doctor finds wrong', async () => {
    for (const number of numbers) {
      const text = await compose('exec', '-T', `sync-${number}`, 'haproxy-peer-sync', 'doctor');
      expect(text).not.toMatch(/FAILURE|WARNING/);
    }
  });
});
