import { existsSync } from 'node:fs';
import { join } from 'node:path';
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
import { writeSlice } from '../../helpers/kube-slices.ts';
import { freePort } from '../../helpers/ports.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import type { DataplaneStand } from '../../rig/dataplane-stand.ts';
import { forEachDataplane } from '../../rig/dataplane-suite.ts';
import { testBackendStand } from '../../rig/test-backend-stand.ts';

const app = (text: string) => `${text}backend be_app
  balance roundrobin
  server static1 127.0.0.1:81 disabled
`;

type Machine = Pick<DataplaneStand, 'ask' | 'text' | 'sidecarFlags'>;

/** Ours that are in use, as the worker has them. */
async function servers(on: Machine): Promise<readonly string[]> {
  const found = parseServersState(await on.ask('show servers state be_app')) ?? [];
  return found
    .filter((each) => isOurs(each) && !each.inMaintenance)
    .map(({ name }) => name)
    .toSorted();
}

const endpoints = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    pod: `app-${index}`,
    address: `10.200.0.${index + 1}`,
  }));

/** Every line but ours. The API gives sections another order, and `defaults` a name, when it writes for the first time. */
const othersIn = (text: string) =>
  text
    .replace(/^defaults .*/m, 'defaults')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^#|^server app-/.test(line))
    .toSorted();

const inFile = (on: Machine) => on.text().match(/^ +server app-\d+ /gm)?.length ?? 0;
const pid = async (on: Machine) => /Pid: (\d+)/.exec(await on.ask('show info'))?.[1];

describe('outside of Kubernetes', unless(kubeApiserverMissing), () => {
  let server: KubeApiserver;
  beforeAll(async () => {
    server = await startKubeApiserver();
  }, kubeApiserverTimeoutMs);
  afterAll(async () => {
    await server?.stop();
  });

  /** With a token that may do what examples/backends-external allows, and no identity of a pod. */
  async function begin(on: Machine, namespace: string, flags: readonly string[] = []) {
    await server.createNamespace(namespace);
    const token = await server.createServiceAccountToken(namespace, 'edge');
    const kubeconfig = await server.writeKubeconfig(`outside-${namespace}`, { token });
    const verbs = ['get', 'list', 'watch'];
    await server.allow(namespace, 'edge', 'endpointslices', verbs, 'discovery.k8s.io');
    await writeSlice(server, namespace, 'app', endpoints(3));
    const state = testFolder();
    const port = await freePort();
    const argv = [
      ...['backends', `--backend=be_app=${namespace}/app:http`, ...on.sidecarFlags, ...flags],
      ...[
        `--kubeconfig=${kubeconfig}`,
        `--context=outside-${namespace}`,
        `--listen=127.0.0.1:${port}`,
      ],
    ];
    const start = () => {
      const program = startProgram(argv, { STATE_DIRECTORY: state });
      onTestFinished(() => {
        program.kill('SIGKILL');
      });
      return program;
    };
    const program = start();
    const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200;
    await eventually(ready, { timeoutMs: 30_000 });
    const check = () => startProgram([...argv, '--check']).ended;
    return { program, port, state, start, check };
  }

  const newest = programs.haproxy34;
  it('writes the file itself where there is no Data Plane API', {
    ...unless(missingOf({ 'HAProxy 3.4': newest })),
    timeout: 60_000,
  }, async () => {
    const stand = await testBackendStand({ haproxy: newest });
    const sidecarFlags = [
      ...['--applier=direct', `--haproxy-bin=${newest}`],
      ...[`--haproxy-config=${stand.configFile}`, `--admin-socket=${stand.adminSocket}`],
      `--master-socket=${stand.masterSocket}`,
    ];
    const on = { ...stand, sidecarFlags };
    const before = on.text();
    const { port } = await begin(on, 'direct');

    await eventually(() => inFile(on) === 3);
    expect(on.text().replace(/^ *server app-.*\n/gm, '')).toBe(before);
    const first = await pid(on);
    await reloadOverMaster(stand.masterSocket);
    expect(await pid(on)).not.toBe(first);
    expect(await servers(on)).toHaveLength(3);
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
  });

  forEachDataplane('the command backends', (suite) => {
    const more = unless(suite.version === 'v2' ? onlyInAll : undefined);

    it('keeps servers in the worker and in the file, with no reload', {
      ...more,
      timeout: 60_000,
    }, async () => {
      const on = await suite.given(null, { rewrite: app });
      const namespace = `first-${suite.version}`;
      const before = on.text();
      const first = await pid(on);
      const { program, port, state } = await begin(on, namespace);

      expect(await servers(on)).toEqual(['app-0', 'app-1', 'app-2']);
      await writeSlice(server, namespace, 'app', endpoints(5));
      await eventually(async () => (await servers(on)).length === 5);
      await eventually(() => inFile(on) === 5);
      expect(await pid(on)).toBe(first);
      expect(othersIn(on.text())).toEqual(othersIn(before));

      const signal = new AbortController().signal;
      expect(await askStatus('127.0.0.1', port, { timeoutMs: 2000, signal })).toMatchObject({
        ...{ mode: 'backends', ready: true, section: null },
        haproxy: { version: expect.stringMatching(/^\d/), reloads: 0 },
        backends: [{ name: 'be_app', servers: { up: 5, drain: 0, maint: 0 }, held: [] }],
      });
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      expect(metrics).toContain('haproxy_peer_sync_backend_servers{backend="be_app",state="up"} 5');
      expect(metrics).toContain('haproxy_peer_sync_ready 1');
      expect(existsSync(join(state, 'haproxy-peer-sync.servers.json'))).toBe(true);
      expect(existsSync(join(on.directory, 'haproxy-peer-sync.servers.json'))).toBe(false);

      const shown = await startProgram(['status', `--listen=127.0.0.1:${port}`]).ended;
      expect(shown).toMatchObject({ exitCode: 0 });
      expect(shown.text).toMatch(/backend +be_app from .*: 5 servers in use/);
      expect(shown.text).not.toMatch(/peers$|does not answer/m);

      await on.stopApi();
      await writeSlice(server, namespace, 'app', endpoints(6));
      await eventually(async () => (await servers(on)).length === 6);
      expect(inFile(on)).toBe(5);
      await on.startApi();
      await eventually(() => inFile(on) === 6, { timeoutMs: 30_000 });
      expect(await pid(on)).toBe(first);
      program.kill('SIGTERM');
      expect(await program.ended).toMatchObject({ exitCode: 0 });
      // Who stops it keeps its servers.
      expect(await servers(on)).toHaveLength(6);
    });

    it('knows its servers again after it was killed, and after a reload by somebody else', {
      ...unless(onlyInAll),
      timeout: 60_000,
    }, async () => {
      const on = await suite.given(null, { rewrite: app });
      const namespace = `again-${suite.version}`;
      const { program, start } = await begin(on, namespace, ['--delete-after=0s']);
      await eventually(() => inFile(on) === 3);

      program.kill('SIGKILL');
      await program.ended;
      await writeSlice(server, namespace, 'app', endpoints(1));
      const first = await pid(on);
      await on.human('POST', `/configuration/raw?force_reload=true&skip_version=true`, on.text());
      await eventually(async () => (await pid(on)) !== first);
      expect(await servers(on)).toHaveLength(3);
      start();

      await eventually(async () => (await servers(on)).length === 1, { timeoutMs: 30_000 });
      await eventually(() => inFile(on) === 1);
      expect(on.text()).toContain('server static1 127.0.0.1:81');
    });

    it('is there once for a HAProxy, and another may follow one that was killed', {
      ...unless(suite.version === 'v2' ? onlyInAll : undefined),
      timeout: 60_000,
    }, async () => {
      const on = await suite.given(null, { rewrite: app });
      const { program, start, check } = await begin(on, `once-${suite.version}`);

      const well = await check();
      expect(well.text).toMatch(/ok +haproxy-config .*ok +admin-socket .*ok +dataplane /s);
      expect(well.text).toMatch(
        /ok +backend-endpoints .*ok +backend-section .*ok +backend-servers /s,
      );
      expect(well.exitCode).toBe(0);
      expect(well.text).not.toContain('"level"');
      await on.stopApi();
      expect(await check()).toMatchObject({
        ...{
          exitCode: 1,
          text: expect.stringMatching(/FAILURE +dataplane .*ok +backend-servers/s),
        },
      });
      await on.startApi();

      const second = await start().ended;
      expect(second).toMatchObject({ exitCode: 2 });
      expect(second.text).toContain('Another haproxy-peer-sync backends runs for the HAProxy of');
      program.kill('SIGKILL');
      await program.ended;
      const third = start();

      await eventually(() => third.lines().some((line) => line.includes('"listening"')));
    });
  });
});
