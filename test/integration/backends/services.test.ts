import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { kill } from 'node:process';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { parseServersState } from '../../../src/haproxy/servers-state.ts';
import { isOurs } from '../../../src/modules/backends/plan/plan.ts';
import { askStatus } from '../../../src/telemetry/ask-status.ts';
import { eventually } from '../../helpers/eventually.ts';
import {
  type KubeApiserver,
  kubeApiserverMissing,
  kubeApiserverTimeoutMs,
  startKubeApiserver,
} from '../../helpers/kube-apiserver.ts';
import { type EndpointOptions, writeSlice } from '../../helpers/kube-slices.ts';
import { freePort } from '../../helpers/ports.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { createAppServers } from '../../rig/app-servers.ts';
import { startBackendReplica } from '../../rig/backend-replica.ts';
import { ownNetwork } from '../../rig/network.ts';
import type { Replica } from '../../rig/replica.ts';
import { startRequests } from '../../rig/request-load.ts';

const haproxy = programs.haproxy34 ?? programs.haproxy30;
const missing = kubeApiserverMissing ?? missingOf({ 'HAProxy 3.0 or later': haproxy });
const address = `${ownNetwork()}.1`;
/** Of this machine, but not of the loopback. */
const own = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;

/** Ours, as the worker has them. */
async function servers(replica: Replica) {
  const found = parseServersState(await replica.ask('show servers state be_app')) ?? [];
  return found.filter(isOurs).filter(({ inMaintenance }) => !inMaintenance);
}

function endpoints(count: number): readonly EndpointOptions[] {
  return Array.from({ length: count }, (_, index) => ({
    pod: `app-${String(index).padStart(4, '0')}`,
    address: `10.200.${index >> 7}.${(index & 127) + 1}`,
  }));
}

describe('the endpoints of a Service', unless(missing), () => {
  let server: KubeApiserver;
  beforeAll(async () => {
    server = await startKubeApiserver();
  }, kubeApiserverTimeoutMs);
  afterAll(async () => {
    await server?.stop();
  });

  /** A replica that has HAProxy and sidecar, with `be_app` behind /app. It is not waited for until it is ready. */
  async function start(
    mode: 'relay' | 'direct' | 'dataplane',
    namespace: string,
    { kubeconfig = server.kubeconfigPath, flags = [] as readonly string[], watches = false } = {},
  ) {
    const more = [`--backend=be_app=${namespace}/app:http`, `--kubeconfig=${kubeconfig}`, ...flags];
    return startBackendReplica({
      ...{ haproxy: haproxy ?? '', address, flags: more, isRelay: mode === 'relay' },
      dataplane: mode === 'dataplane' ? (programs.dataplaneV3 ?? '') : null,
      lines: ['http-reuse always', 'server static1 127.0.0.1:1 disabled'],
      beforeInit({ directory }) {
        if (watches) more.push(`--template=${join(directory, 'template.cfg')}`, '--watch-template');
      },
    });
  }

  /** haproxy.cfg has them, too, so that a worker which somebody else starts has them although no sidecar looks. */
  async function surviveReload(replica: Replica, count: number): Promise<void> {
    const before = await servers(replica);
    expect(before).toHaveLength(count);
    await eventually(() => {
      const text = readFileSync(replica.configFile, 'utf8');
      expect(text.match(/^ +server app-\d+ /gm)).toHaveLength(count);
      expect(text).toMatch(/^ +server static1 127\.0\.0\.1:1 disabled$/m);
    });
    await stopProcess(replica.sidecarPid());
    // One of ours may still be under way.
    await eventually(() => reloadOverMaster(replica.masterSocket, { timeoutMs: 10_000 }));
    const plain = (all: typeof before) => all.map(({ forSeconds: _, ...rest }) => rest);
    const after = await servers(replica);
    kill(replica.sidecarPid(), 'SIGCONT');
    expect(plain(after)).toEqual(plain(before));
  }

  const status = async (replica: Replica) => {
    const { port } = new URL(`http://${address}:${replica.ports.probe}`);
    return askStatus(address, Number(port), {
      ...{ timeoutMs: 2000, name: 'a', signal: new AbortController().signal },
    });
  };

  // Who keeps them is the same in both modes; who asks for the state of readiness is not.
  for (const mode of ['relay', 'direct', 'dataplane'] as const)
    it(`are its servers with ${mode}, and the replica is ready when they are there`, {
      ...unless(
        mode === 'relay'
          ? undefined
          : (onlyInAll ?? missingOf({ 'Data Plane API': programs.dataplaneV3 })),
      ),
      timeout: 60_000,
    }, async () => {
      const namespace = `first-${mode}`;
      await server.createNamespace(namespace);
      const token = await server.createServiceAccountToken(namespace, 'late');
      const kubeconfig = await server.writeKubeconfig(`late-${mode}`, { token });
      await writeSlice(server, namespace, 'app', endpoints(3));
      const { replica } = await start(mode, namespace, { kubeconfig });

      await eventually(() => replica.log().includes('KUBERNETES_FORBIDDEN'));
      expect(replica.log()).toContain('endpointslices cannot be followed at present');
      expect(replica.log()).toContain(
        '{apiGroups: [\\"discovery.k8s.io\\"], resources: [\\"endpointslices\\"], verbs: [\\"get\\", \\"list\\", \\"watch\\"]}',
      );
      expect(await replica.ready()).toBe(false);
      const verbs = ['get', 'list', 'watch'];
      await server.allow(namespace, 'late', 'endpointslices', verbs, 'discovery.k8s.io');
      await eventually(() => replica.ready(), { timeoutMs: 30_000 });

      expect(
        (await servers(replica)).map(({ name, address: at, port }) => `${name} ${at}:${port}`),
      ).toEqual([
        'app-0000 10.200.0.1:8080',
        'app-0001 10.200.0.2:8080',
        'app-0002 10.200.0.3:8080',
      ]);
      expect(await status(replica)).toMatchObject({
        ready: true,
        backends: [
          {
            name: 'be_app',
            service: `${namespace}/app:http`,
            servers: { up: 3, drain: 0, maint: 0 },
          },
        ],
      });
      if (mode === 'direct') {
        const { lines } = await startProgram([
          ...['doctor', '--pod-name=a', `--pod-ip=${address}`, '--applier=direct', '--source=file'],
          ...['--members-file=/nowhere', `--haproxy-config=${replica.configFile}`],
          ...[`--admin-socket=${replica.adminSocket}`, `--master-socket=${replica.masterSocket}`],
          ...[`--backend=be_app=${namespace}/app:http`, `--kubeconfig=${kubeconfig}`],
        ]).ended;
        expect(lines.filter((line) => / backend-/.test(line)).join()).toMatch(
          /ok +backend-endpoints .*ok +backend-section .*ok +backend-servers /,
        );
      }
      await surviveReload(replica, 3);
    });

  it('are in rotation soon after they are known, with no reload', { timeout: 60_000 }, async () => {
    await server.createNamespace('soon');
    await writeSlice(server, 'soon', 'app', endpoints(3));
    const { replica } = await start('relay', 'soon');
    await eventually(() => replica.ready(), { timeoutMs: 30_000 });
    const reloads = await replica.reloads();
    const times: number[] = [];

    for (let count = 4; count <= 40; count += 1) {
      const beganAt = performance.now();
      await writeSlice(server, 'soon', 'app', endpoints(count));
      await eventually(async () => (await servers(replica)).length === count, { intervalMs: 2 });
      times.push(performance.now() - beganAt);
    }
    times.sort((left, right) => left - right);
    // On a machine that does nothing else: 50 ms, of which most is the API server's.
    expect(times.at(18)).toBeLessThan(500);
    expect(await replica.reloads()).toBe(reloads);
    await surviveReload(replica, 40);
  });

  it('stay when the template changes that the sidecar follows', {
    ...unless(onlyInAll),
    timeout: 60_000,
  }, async () => {
    await server.createNamespace('template');
    await writeSlice(server, 'template', 'app', endpoints(3));
    const { replica } = await start('dataplane', 'template', { watches: true });
    await eventually(() => replica.ready(), { timeoutMs: 30_000 });
    await eventually(() => readFileSync(replica.configFile, 'utf8').includes('server app-0002'));
    const reloads = await replica.reloads();
    const template = join(replica.directory, 'template.cfg');
    const text = readFileSync(template, 'utf8');

    for (const [from, to] of [
      ['timeout client 30s', 'timeout client 31s'],
      ['http-reuse always', 'http-reuse safe'],
    ] as const) {
      writeFileSync(template, readFileSync(template, 'utf8').replace(from, to));
      await eventually(() => readFileSync(replica.configFile, 'utf8').includes(to), {
        timeoutMs: 30_000,
      });
    }
    expect(text).not.toBe(readFileSync(template, 'utf8'));
    await eventually(async () => (await replica.reloads()) === reloads + 2);

    expect(await servers(replica)).toHaveLength(3);
    expect(replica.log()).not.toContain('TEMPLATE_CONFLICT');
    await surviveReload(replica, 3);

    const without = readFileSync(template, 'utf8')
      .replace(/^ +use_backend be_app.*\n/m, '')
      .replace(/^backend be_app\n(?: .*\n)*/m, '');
    writeFileSync(template, without);
    await eventually(
      () => expect(readFileSync(replica.configFile, 'utf8')).not.toContain('be_app'),
      { timeoutMs: 30_000 },
    );
    await eventually(async () => (await replica.reloads()) >= reloads + 3);
    expect(replica.log()).not.toContain('TEMPLATE_CONFLICT');
    await eventually(() => replica.log().includes('HAProxy has no backend be_app'));
  });

  it.for(['relay', 'direct'] as const)(
    'come and go while a check of haproxy.cfg stands still, with %s',
    { timeout: 60_000 },
    async (mode, { skip }) => {
      skip(mode === 'direct' && onlyInAll !== undefined, onlyInAll);
      const namespace = `still-${mode}`;
      await server.createNamespace(namespace);
      await writeSlice(server, namespace, 'app', endpoints(3));
      const still = join(testFolder(), 'still');
      const bin = join(testFolder(), 'haproxy');
      // A fake: the real one takes seconds only for a file of many thousand lines.
      const loop = `while [ -e ${still} ]; do touch ${still}.seen; sleep 0.1; done`;
      writeFileSync(bin, `#!/bin/sh\n${loop}\nexec ${haproxy} "$@"\n`, { mode: 0o755 });
      const flags = [`--haproxy-bin=${bin}`];
      const { replica } = await start(mode, namespace, { flags });
      await eventually(() => replica.ready(), { timeoutMs: 30_000 });
      const text = () => readFileSync(replica.configFile, 'utf8');
      await eventually(() => text().includes('server app-0002'));

      writeFileSync(still, '');
      await writeSlice(server, namespace, 'app', endpoints(4));
      await eventually(() => existsSync(`${still}.seen`));
      await writeSlice(server, namespace, 'app', endpoints(9));
      await eventually(async () => (await servers(replica)).length === 9);
      await writeSlice(server, namespace, 'app', endpoints(2));
      await eventually(async () => (await servers(replica)).length === 2);

      expect(text()).toMatch(/server app-0002 /);
      expect(text()).not.toMatch(/server app-000[3-8] /);
      rmSync(still);
      await eventually(() => expect(text().match(/^ +server app-\d+ /gm)).toHaveLength(2));
    },
  );

  it('stay while the API server is away', { ...unless(onlyInAll), timeout: 120_000 }, async () => {
    await server.createNamespace('away');
    await writeSlice(server, 'away', 'app', endpoints(40));
    const { replica } = await start('relay', 'away');
    await eventually(() => replica.ready(), { timeoutMs: 30_000 });

    await server.kill();
    await eventually(() => replica.log().includes('endpointslices cannot be followed'));
    expect(await servers(replica)).toHaveLength(40);
    expect(await replica.ready()).toBe(true);
    await server.start();
    await writeSlice(server, 'away', 'app', []);
    await eventually(async () => (await servers(replica)).length === 0, { timeoutMs: 30_000 });
  });

  it('are a thousand in a second', { ...unless(onlyInAll), timeout: 60_000 }, async () => {
    await server.createNamespace('many');
    await writeSlice(server, 'many', 'app', []);
    const { replica } = await start('relay', 'many');
    await eventually(() => replica.ready(), { timeoutMs: 30_000 });
    const all = endpoints(1000);

    for (let from = 0; from < 900; from += 100)
      await writeSlice(server, 'many', 'app', all.slice(from, from + 100), `app-${from}`);
    await writeSlice(server, 'many', 'app', all.slice(900), 'app-900');
    await eventually(async () => (await servers(replica)).length === 1000, { intervalMs: 5 });

    const told = replica.log().match(/"msg":"servers changed"/g) ?? [];
    expect(told.length).toBeLessThanOrEqual(11);
  });

  it('are rolled under requests of which none fails', {
    ...unless(own === undefined ? 'no address but the loopback' : undefined),
    timeout: 60_000,
  }, async () => {
    await server.createNamespace('roll');
    // The API server takes no address of the loopback, so that pods have one address and a port each.
    const pods = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const apps = createAppServers(await freePort(own), 1);
        onTestFinished(apps.close);
        return { pod: `app-${index}`, apps, says: `${own}:${apps.port}` };
      }),
    );
    type Pod = (typeof pods)[number];
    const write = ({ pod, apps }: Pod, part: Partial<EndpointOptions> | null) => {
      const endpoint = { pod, address: own ?? '', ...part };
      return writeSlice(server, 'roll', 'app', part === null ? [] : [endpoint], pod, apps.port);
    };
    const begin = async (pod: Pod) => {
      await pod.apps.start(own ?? '');
      await write(pod, {});
    };
    for (const pod of pods.slice(0, 3)) await begin(pod);
    const { replica, front } = await start('relay', 'roll', { flags: ['--delete-after=0s'] });
    await eventually(() => replica.ready(), { timeoutMs: 30_000 });
    const load = startRequests(front, 10, '/app', address);

    for (const [index, old] of pods.slice(0, 3).entries()) {
      const fresh = pods[index + 3] ?? old;
      await begin(fresh);
      await eventually(() => load.answers.has(fresh.says));
      await write(old, { ready: false, serving: true, terminating: true });
      await eventually(async () => (await servers(replica)).some(({ weight }) => weight === 0));
      await write(old, null);
      await eventually(async () => (await servers(replica)).length === 3);
      await old.apps.close();
    }
    await load.stop();

    expect(load.failures).toEqual([]);
    expect([...load.answers.keys()].toSorted()).toEqual(pods.map(({ says }) => says).toSorted());
  });
});
