import { writeFileSync } from 'node:fs';
import { kill } from 'node:process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { firstId, serverIds } from '../../../src/modules/backends/endpoints/server-id.ts';
import type { WantedServer } from '../../../src/modules/backends/server.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/ports.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyEnds, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { twins } from '../../helpers/twins.ts';
import { createAppServers } from '../../rig/app-servers.ts';
import { startRequests } from '../../rig/request-load.ts';
import { type BackendStand, testBackendStand } from '../../rig/test-backend-stand.ts';
import { testBackendsLoop } from '../../rig/test-backends-loop.ts';

/** `count` servers on 127/8, as pods are called. */
function pods(
  count: number,
  port: number,
  part: Partial<WantedServer> = {},
): readonly WantedServer[] {
  const names = Array.from({ length: count }, (_, index) => `app-${index}`);
  const ids = serverIds(names);
  return names.map((name, index) => ({
    ...{ name, id: ids.get(name) ?? 0, port, weight: 1, state: 'up' as const },
    address: `127.1.${index >> 7}.${(index & 127) + 1}`,
    ...part,
  }));
}

/** `name weight up|maint` of ours. */
async function shown({ ask }: BackendStand): Promise<readonly string[]> {
  const lines = (await ask('show servers state be_app')).split('\n').slice(2);
  return lines
    .map((line) => line.split(' '))
    .filter(([, , , name]) => name?.startsWith('app-'))
    .map((words) => `${words[3]} ${words[7]} ${(Number(words[6]) & 1) === 0 ? 'up' : 'maint'}`);
}

describe.each(haproxyVersions)('servers of HAProxy %s', (title, haproxy) => {
  const missing = unless(missingOf({ [`HAProxy ${title}`]: haproxy }) ?? onlyEnds(title));

  it('come, drain, go, and come back', missing, async () => {
    const stand = await testBackendStand({ haproxy });
    const loop = testBackendsLoop(stand.adminSocket, {}, { params: ['check', 'inter', '1h'] });
    const settled = () => eventually(() => loop.kept() !== null);
    const [first, second] = pods(2, 1, {});
    if (first === undefined || second === undefined) throw new Error('no pods');

    loop.want([first, second]);
    await settled();
    expect(await shown(stand)).toEqual(['app-0 1 up', 'app-1 1 up']);
    expect(loop.kept()).toMatchObject({ serves: true, holds: [], servers: { up: 2 } });

    loop.want([first, { ...second, weight: 0, state: 'drain' }]);
    await settled();
    expect(await shown(stand)).toEqual(['app-0 1 up', 'app-1 0 up']);

    loop.want([first]);
    await settled();
    expect(await shown(stand)).toEqual(['app-0 1 up', 'app-1 0 maint']);
    expect(loop.kept()?.wakeMs).not.toBe(0);

    loop.want([first, { ...second, address: '127.9.9.9' }]);
    await settled();
    expect(await shown(stand)).toEqual(['app-0 1 up', 'app-1 1 up']);
    expect(await stand.ask('show servers state be_app')).toContain(' app-1 127.9.9.9 ');
    expect(await stand.ask('show servers state be_app')).toContain(' static1 127.0.0.1 2 0 1 1 ');
    expect(loop.steps.filter(([, outcome]) => outcome !== 'done')).toEqual([]);
  });

  it('are both in use where two names have one id, whichever came first', missing, async () => {
    const stand = await testBackendStand({ haproxy });
    const loop = testBackendsLoop(stand.adminSocket);
    const [one, other] = twins();
    const ids = serverIds([one, other]);
    const [model] = pods(1, 1);
    if (model === undefined) throw new Error('no pod');

    loop.want([{ ...model, name: other, id: firstId(other) }]);
    await eventually(() => loop.kept()?.servers.up === 1);
    loop.want([one, other].map((name) => ({ ...model, name, id: ids.get(name) ?? 0 })));
    await eventually(() => loop.kept() !== null);

    expect(loop.kept()).toMatchObject({ holds: [], servers: { up: 2, maint: 0 } });
    expect(loop.steps.filter(([, outcome]) => outcome !== 'done')).toEqual([]);
  });

  it('have those that are gone deleted where that is safe', missing, async () => {
    const stand = await testBackendStand({ haproxy });
    const loop = testBackendsLoop(stand.adminSocket, { deleteAfterMs: 0 });
    const old = /2\.\d/.test(await stand.ask('show version'));

    loop.want(pods(3, 1));
    await eventually(() => loop.kept()?.servers.up === 3);
    loop.want(pods(1, 1));
    await eventually(() => loop.kept()?.servers.maint === (old ? 2 : 0));

    expect(await shown(stand)).toEqual(
      old ? ['app-0 1 up', 'app-1 1 maint', 'app-2 1 maint'] : ['app-0 1 up'],
    );
  });

  it(
    'are there again after somebody else has reloaded it, and it is left alone otherwise',
    missing,
    async () => {
      const stand = await testBackendStand({ haproxy });
      const loop = testBackendsLoop(stand.adminSocket);
      loop.want([...pods(2, 1), ...pods(3, 1, { weight: 0, state: 'drain' }).slice(2)]);
      await eventually(() => loop.kept() !== null);
      const before = await shown(stand);
      const { length } = loop.steps;
      const pid = async () => /^Pid: (\d+)/m.exec(await stand.ask('show info'))?.[1] ?? '';
      const old = await pid();

      kill(stand.masterPid, 'SIGUSR2');
      await eventually(async () => (await pid()) !== old);
      const reloadedAt = performance.now();
      await eventually(async () => expect(await shown(stand)).toEqual(before));

      expect(performance.now() - reloadedAt).toBeLessThan(5000);
      expect(loop.steps.length).toBe(2 * length);
      expect(before).toEqual(['app-0 1 up', 'app-1 1 up', 'app-2 0 up']);
      expect(loop.logged.map(({ msg }) => msg)).toContain(
        'another worker runs: its servers are compared',
      );
    },
  );

  it('are a thousand in a second', missing, async () => {
    const stand = await testBackendStand({ haproxy });
    const loop = testBackendsLoop(stand.adminSocket);
    await eventually(() => loop.trouble() === null);

    const beganAt = performance.now();
    loop.want(pods(1000, 1));
    await eventually(() => loop.kept() !== null, { intervalMs: 1 });
    const ms = performance.now() - beganAt;

    expect(loop.kept()).toMatchObject({ servers: { up: 1000 }, holds: [] });
    // A second is the aim on a machine that does nothing else.
    expect(ms).toBeLessThan(3000);
  });

  it('go from 3 to 50 and back to 3 under requests of which none fails', missing, async () => {
    const port = await freePort('127.1.0.1');
    const apps = createAppServers(port, 2);
    onTestFinished(apps.close);
    const stand = await testBackendStand({
      haproxy,
      backend: ['balance roundrobin', 'http-reuse always'],
    });
    const loop = testBackendsLoop(stand.adminSocket, { deleteAfterMs: 0 });
    const fifty = pods(50, port);
    for (const { address } of fifty) await apps.start(address);
    loop.want(fifty.slice(0, 3));
    await eventually(() => loop.kept()?.servers.up === 3);
    const load = startRequests(stand.frontPort, 20);

    loop.want(fifty);
    await eventually(() => load.answers.size === 50);
    // As pods go: they terminate and still serve, then nobody is sent there any more, and then they end.
    loop.want(fifty.map((pod, index) => (index < 3 ? pod : { ...pod, weight: 0, state: 'drain' })));
    await eventually(() => loop.kept()?.servers.drain === 47);
    loop.want(fifty.slice(0, 3));
    await eventually(() => (loop.kept()?.servers.up ?? 0) === 3);
    for (const { address } of fifty.slice(3)) await apps.stop(address);
    const many = [...load.answers.values()].reduce((sum, count) => sum + count, 0);
    await eventually(
      () => [...load.answers.values()].reduce((sum, count) => sum + count, 0) > many + 500,
    );
    await load.stop();

    expect(load.failures).toEqual([]);
  });
});

describe('where HAProxy does otherwise', () => {
  const [[, newest], , [, present]] = haproxyVersions;
  const missing = unless(missingOf({ HAProxy: newest ?? present }));
  const haproxy = newest ?? present;

  it(
    'waits for it while it stands still, and goes on with what is wanted then',
    missing,
    async () => {
      const stand = await testBackendStand({ haproxy });
      const loop = testBackendsLoop(stand.adminSocket);
      loop.want(pods(1, 1));
      await eventually(() => loop.kept() !== null);
      const pid = Number(/^Pid: (\d+)/m.exec(await stand.ask('show info'))?.[1]);

      await stopProcess(pid);
      loop.want(pods(2, 1));
      await eventually(() => loop.trouble()?.includes('did not answer'));
      kill(pid, 'SIGCONT');
      await eventually(() => loop.kept()?.servers.up === 2);

      expect(loop.trouble()).toBeNull();
    },
  );

  it.each(['static-rr', 'source'])(
    'says that it refuses, once, with balance %s',
    missing,
    async (balance) => {
      const stand = await testBackendStand({ haproxy, backend: [`balance ${balance}`] });
      const loop = testBackendsLoop(stand.adminSocket, {}, { balance });

      loop.want(pods(3, 1));
      await eventually(() => loop.kept() !== null);

      expect(loop.kept()).toMatchObject({ serves: false, servers: { up: 0 } });
      expect(loop.kept()?.holds).toEqual([
        `HAProxy refuses app-0: Backend does not support dynamic servers : backend 'be_app' uses a non dynamic load balancing method.`,
      ]);
      expect(loop.steps.length).toBeLessThan(30);
    },
  );

  it('leaves everything as it is while nothing is known', missing, async () => {
    const stand = await testBackendStand({ haproxy });
    const loop = testBackendsLoop(stand.adminSocket);
    loop.want(pods(2, 1));
    await eventually(() => loop.kept() !== null);

    loop.want(null);
    kill(stand.masterPid, 'SIGUSR2');
    await eventually(() => loop.logged.some(({ msg }) => msg.startsWith('another worker')));
    expect(await shown(stand)).toEqual([]);
    loop.want(pods(2, 1));

    await eventually(() => loop.kept()?.servers.up === 2);
  });

  it('says that the backend is missing, and fills it as soon as it is there', missing, async () => {
    const stand = await testBackendStand({ haproxy });
    const text = stand.text();
    writeFileSync(stand.configFile, text.replaceAll('be_app', 'be_other'));
    kill(stand.masterPid, 'SIGUSR2');
    await eventually(async () =>
      (await stand.ask('show servers state be_app')).startsWith("Can't"),
    );
    const loop = testBackendsLoop(stand.adminSocket);
    loop.want(pods(2, 1));
    await eventually(() => loop.kept() !== null);
    expect(loop.kept()).toMatchObject({ serves: false });
    expect(loop.kept()?.holds[0]).toContain('HAProxy has no backend be_app');

    writeFileSync(stand.configFile, text);
    kill(stand.masterPid, 'SIGUSR2');
    await eventually(() => loop.kept()?.servers.up === 2);
  });
});
