import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';
import { freePorts } from '../../rig/ports.ts';
import { raise } from '../../rig/raise.ts';
import { createReplica, type Replica } from '../../rig/replica.ts';
import { fileRoll } from '../../rig/roll.ts';

const haproxy = programs.haproxy34 ?? programs.haproxy30 ?? programs.haproxy;
const root = fileURLToPath(new URL('../../..', import.meta.url));
/** The examples give the sidecar 192 MiB. */
const limitMiB = 144;
/** kubelet's default. */
const probeLimitMs = 1000;
/** A thousand connections in one moment fill the kernel's queue: who comes then is heard at the second or third try. */
const lostSynMs = 8000;
const floodMs = 3500;

/** The most memory a process has had, in MiB. */
function mostMemory(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1024);
}

/** As kubelet probes: a new connection each time. Milliseconds until the answer is read. */
function probe(port: number, path: string): Promise<number> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - startedMs);
        else reject(new Error(`${path} answers ${response.statusCode}`));
      });
    });
    sent.setTimeout(10_000, () => sent.destroy(new Error(`${path} does not answer`)));
    sent.once('error', reject).end();
  });
}

describe('the sidecar as in its image, flooded', unless(missingOf({ HAProxy: haproxy })), () => {
  const directory = suiteFolder();
  let replica: Replica;
  let port: number;
  let flooder: ChildProcess | undefined;

  beforeAll(async () => {
    const bundle = join(directory, 'main.js');
    execFileSync(process.execPath, [join(root, 'test/tools/build.ts'), bundle], { cwd: root });
    const ports = await freePorts('127.0.0.1');
    port = ports.probe;
    const roll = fileRoll(directory);
    const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
    const entry: string[] = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]');
    expect(dockerfile).toContain('MALLOC_ARENA_MAX=1');
    replica = createReplica(
      {
        haproxy: haproxy ?? '',
        dataplane: null,
        directory,
        sourceFlags: roll.sourceFlags,
        ports,
        main: bundle,
        nodeFlags: entry.slice(1, -1),
        env: { MALLOC_ARENA_MAX: '1', NODE_ENV: 'production' },
      },
      'web-1',
      '127.0.0.1',
    );
    await roll.join(replica);
    await raise(replica);
  }, 90_000);
  afterAll(async () => {
    flooder?.kill('SIGKILL');
    await replica.kill();
  });

  it.each([
    ['pipelined', 2],
    ['pipelined', 100],
    ['idle', 12_000],
    ['slowloris', 1000],
    ['unread', 1000],
    ['requests', 100],
  ] as const)(
    'answers probes in time and stays small: %s on %i connections',
    async (kind, count) => {
      const script = fileURLToPath(new URL('flooder.ts', import.meta.url));
      const args = [script, kind, '127.0.0.1', String(port), String(count)];
      flooder = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      const times: number[] = [];
      const untilMs = performance.now() + (count > 1000 ? 2 * floodMs : floodMs);
      while (performance.now() < untilMs) {
        const both = ['/livez', '/readyz'].map((path) => probe(port, path));
        times.push(...(await Promise.all(both)));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const said = once(flooder.stdout ?? flooder, 'data');
      flooder.stdin?.end();
      const slowest = Math.round(Math.max(...times));
      const memory = mostMemory(replica.sidecarPid());
      console.log(
        `flood: ${kind}: ${String((await said)[0]).trim()} connections, ${times.length} probes, slowest ${slowest} ms, VmHWM ${memory} MiB`,
      );

      expect(times.length).toBeGreaterThan(2);
      expect(slowest).toBeLessThan(count > 100 ? lostSynMs : probeLimitMs);
      expect(memory).toBeLessThan(limitMiB);
    },
  );

  it('goes on as if nothing had been', async () => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();

    expect(text).toMatch(
      /haproxy_peer_sync_http_connections_ended_total\{reason="crowded"\} [1-9]/,
    );
    expect(text).toContain('haproxy_peer_sync_ready 1');
    expect(await probe(port, '/status')).toBeLessThan(probeLimitMs);
  });
});
