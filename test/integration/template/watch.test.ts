import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { saysTheSame } from '../../../src/config-text/surviving-lines.ts';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { allReady } from '../../rig/raise.ts';
import type { Replica } from '../../rig/replica.ts';
import { follower, refusal, setUp, template, told, variants } from './follower.ts';
import { mounted } from './mounted.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A port that somebody else has, which no check of a configuration sees. */
async function occupy(address: string): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, address, resolve);
  });
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

/**
 * A worker of HAProxy 3.4 that cannot bind leaves the path of the admin socket with nobody behind it, now and then. An
 * operator reloads HAProxy then.
 */
async function withSocket({ ask, masterSocket }: Replica): Promise<void> {
  await ask('show info').catch(() => reloadOverMaster(masterSocket));
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

for (const variant of variants) {
  const { name, haproxy, dataplane } = variant;
  const needed = dataplane === null ? {} : { 'Data Plane API': dataplane };
  const missing = missingOf({ HAProxy: haproxy, ...needed });
  // Over one of them in every run: what differs between them is how the text goes in.
  const often = unless(dataplane === programs.dataplaneV3 ? undefined : onlyInAll);
  const seldom = unless(onlyInAll);
  describe(`a template that changes, ${name}`, unless(missing), () => {
    it(
      'is in force after one reload, with the peers and entries that are there',
      often,
      async () => {
        const { set, replica, answers, keeps, text, metric } = await setUp(variant);
        const before = await replica.reloads();

        set('two', 'backend more\n    timeout queue 7s\n');

        await answers('two');
        await eventually(() => told(replica, 'template in force').length === 1);
        expect(await replica.reloads()).toBe(before + 1);
        expect(text()).toContain('backend more');
        await keeps();
        expect(await metric('template_in_force')).toBe(1);
        expect(await metric('template_changes_total{outcome="applied"}')).toBe(1);
      },
    );

    it('is refused with the words of HAProxy, and what is in force stays', often, async () => {
      const { set, replica, ask, answers, keeps, text, metric } = await setUp(variant);
      const before = text();

      set('two', 'backend more\n    frobnicate\n');

      await eventually(() => told(replica, refusal).length > 0);
      const [said] = told(replica, refusal);
      // The master of 2.6 says why in its own log only.
      if (haproxy !== programs.haproxy) expect(String(said?.reason)).toContain('frobnicate');
      expect(saysTheSame(text(), before)).toBe(true);
      expect(await ask()).toBe('one');
      await keeps();
      expect(await metric('template_in_force')).toBe(0);
      expect(await metric('template_changes_total{outcome="refused"}')).toBe(1);

      set('three');
      await answers('three');
      await keeps();
    });

    it('is not tried where it listens on a port that somebody else has, until that is free', {
      ...often,
      timeout: 60_000,
    }, async () => {
      const { set, replica, ask, answers, keeps, address } = await setUp(variant);
      const before = await replica.reloads();
      const port = await occupy(address);

      set('two', `frontend more\n    bind ${address}:${port}\n`);

      await eventually(() => told(replica, refusal).length > 0);
      expect(told(replica, refusal)[0]).toMatchObject({ code: 'TEMPLATE_REJECTED' });
      expect(String(told(replica, refusal)[0]?.reason)).toContain(`${address} port ${port}`);
      expect(await ask()).toBe('one');
      expect(await replica.reloads()).toBe(before);
      for (const server of servers.splice(0)) server.close();
      await answers('two');
      expect(told(replica, refusal)).toHaveLength(1);
      await keeps();
    });

    it('is taken back when HAProxy cannot load what it has checked, and keeps no peer waiting', {
      ...often,
      timeout: 90_000,
    }, async () => {
      const { set, replica, ask, answers, text, network, file, sibling } = await setUp(variant);
      const before = text();

      // An address of somebody else.
      set('two', 'frontend more\n    bind 203.0.113.9:8181\n');

      await eventually(() => told(replica, refusal).length > 0, { timeoutMs: 40_000 });
      await eventually(() => saysTheSame(text(), before));
      expect(await ask()).toBe('one');
      await withSocket(replica);
      await eventually(async () => (await replica.entries()) === 20);
      file.set(replica, sibling, { name: 'web-3', address: `${network}.3` });
      await eventually(
        async () => (await replica.peers())?.peers.some((peer) => peer.name === 'web-3') === true,
        { timeoutMs: 30_000 },
      );
      expect(await ask()).toBe('one');
      expect(told(replica, refusal)).toHaveLength(1);

      set('three');
      await answers('three');
      await eventually(async () => (await replica.entries()) === 20);
      expect(text()).toMatch(/peer web-3 /);
    });

    it(
      'is in force at last when the sidecar is killed between the write and the reload',
      often,
      async () => {
        const { set, replica, answers, keeps, text } = await setUp(variant);
        let killed: Promise<void> | undefined;
        const watching = setInterval(() => {
          if (!text().includes('string two')) return;
          clearInterval(watching);
          killed = replica.killSidecar();
        }, 1);
        onTestFinished(() => clearInterval(watching));

        set('two');
        await eventually(() => killed !== undefined, { timeoutMs: 20_000 });
        await killed;
        replica.startSidecar();

        await answers('two');
        await eventually(() => told(replica, 'template in force').length === 1, {
          timeoutMs: 20_000,
        });
        await keeps();
      },
    );

    it(
      'is one reload however often it changes in a moment, and waits until it is whole',
      seldom,
      async () => {
        const { mount, replica, answers, keeps, address } = await setUp(variant);
        const before = await replica.reloads();
        const whole = template(address, 'last', '# the end\n');

        mount.set({ 'haproxy.cfg': template(address, 'two') });
        mount.set({ 'haproxy.cfg': template(address, 'three') });
        // Not in one step: an editor, or a copy.
        for (const length of [0, whole.length / 3, whole.length / 2]) {
          writeFileSync(mount.path('haproxy.cfg'), whole.slice(0, length));
          await pause(300);
        }
        writeFileSync(mount.path('haproxy.cfg'), whole);

        await answers('last');
        await eventually(() => told(replica, 'template in force').length === 1);
        expect(await replica.reloads()).toBe(before + 1);
        expect(told(replica, refusal)).toEqual([]);
        await keeps();
      },
    );

    it(
      'that goes missing changes nothing, and is followed when it is there again',
      seldom,
      async () => {
        const { mount, set, replica, ask, answers, keeps, metric } = await setUp(variant);

        rmSync(join(mount.directory, 'haproxy.cfg'));

        const unreadable = 'template unreadable: what is in force stays';
        await eventually(() => told(replica, unreadable).length > 0);
        expect(await ask()).toBe('one');
        expect(await metric('template_changes_total{outcome="unreadable"}')).toBe(1);
        set('two');
        await answers('two');
        expect(told(replica, unreadable)).toHaveLength(1);
        await keeps();
      },
    );

    it('does not take away what somebody else has changed in haproxy.cfg', often, async () => {
      const { set, replica, ask, answers, keeps, text } = await setUp(variant);
      const by = 'backend by-hand\n    timeout queue 9s\n';
      writeFileSync(`${replica.configFile}.mine`, `${text()}\n${by}`);
      renameSync(`${replica.configFile}.mine`, replica.configFile);
      if (dataplane !== null) await eventually(() => /_md5hash|_version/.test(text()));

      set('two');

      await eventually(() => told(replica, refusal).length > 0);
      expect(told(replica, refusal)[0]).toMatchObject({ code: 'TEMPLATE_CONFLICT' });
      expect(String(told(replica, refusal)[0]?.reason)).toContain('backend by-hand');
      expect(await ask()).toBe('one');
      expect(text()).toContain('by-hand');

      set('two', by);
      await answers('two');
      expect(text()).toContain('by-hand');
      await keeps();
    });
  });
}

const v3 = variants[0];
const missingV3 = missingOf({ HAProxy: v3.haproxy, 'Data Plane API': v3.dataplane });

const v2 = variants[1];

describe(
  'a template that HAProxy cannot load',
  unless(missingOf({ HAProxy: v2.haproxy, 'Data Plane API': v2.dataplane }) ?? onlyInAll),
  () => {
    it('is refused for itself alone, and not for a peer that joins in the same reload', async () => {
      const { set, replica, ask, answers, text, network, file, sibling } = await setUp(v2, [
        '--min-reload-interval=6s',
      ]);
      set('two');
      await answers('two');

      // Both wait for the end of the interval.
      set('three', 'frontend more\n    bind 203.0.113.9:8181\n');
      file.set(replica, sibling, { name: 'web-3', address: `${network}.3` });

      await eventually(() => told(replica, refusal).length > 0, { timeoutMs: 90_000 });
      const held = replica.log().split('held, for others to go on').length - 1;
      expect(held).toBe(2);
      expect(told(replica, refusal)).toHaveLength(1);
      expect(text()).toMatch(/peer web-3 /);
      expect(await ask()).toBe('two');
      expect(await replica.entries()).toBe(20);
    }, 120_000);
  },
);

describe('a followed file', unless(missingV3), () => {
  it('stays as it was loaded when HAProxy refuses the new one, until that is mended', async () => {
    const page = (status: string) => `HTTP/1.0 ${status}\r\nContent-Length: 0\r\n\r\n`;
    const pages = mounted(join(testFolder(), 'pages'));
    pages.set({ '503.http': page('503 Service Unavailable') });
    const { set, replica, answers, keeps } = await setUp(v3, [`--watch-files=${pages.directory}`]);
    set('two', `backend more\n    errorfile 503 ${pages.path('503.http')}\n`);
    await eventually(() => told(replica, 'template in force').length === 1);

    pages.set({ '503.http': 'this is no answer\n' });

    await eventually(() => told(replica, 'change not applied: will try again').length > 0);
    const [failed] = told(replica, 'change not applied: will try again');
    expect(failed).toMatchObject({ code: 'DATAPLANE_REJECTED' });
    expect(String(failed?.reason)).toContain('503.http');
    await answers('two');
    pages.set({ '503.http': page('503 Mended') });
    await eventually(() => told(replica, 'template in force').length === 2, { timeoutMs: 20_000 });
    await keeps();
  }, 60_000);
});

describe('a template that changes while', unless(missingV3), () => {
  it('the Data Plane API is killed between its write and the reload is in force at last', {
    ...unless(onlyInAll),
    timeout: 60_000,
  }, async () => {
    const { set, replica, answers, keeps, text } = await setUp(v3);
    let killed: Promise<void> | undefined;
    const watching = setInterval(() => {
      if (!text().includes('string two')) return;
      clearInterval(watching);
      killed = replica.killApi();
    }, 1);
    onTestFinished(() => clearInterval(watching));

    set('two');
    await eventually(() => killed !== undefined, { timeoutMs: 20_000 });
    await killed;
    replica.startApi();

    await answers('two');
    await eventually(() => told(replica, 'template in force').length === 1, { timeoutMs: 20_000 });
    await keeps();
  });

  it('a replica joins comes into force on it, once it has learned every entry', async () => {
    const { replica: first, file, network } = await setUp(v3);
    const joining = { name: 'web-2', address: `${network}.2` };
    const { replica: second, set } = follower(v3, file, joining);
    set('one');
    await second.init();
    set('two');
    await second.start();

    await allReady([first, second]);
    await eventually(() => told(second, 'template in force').length === 1, { timeoutMs: 20_000 });
    for (const replica of [first, second]) {
      await eventually(async () => (await replica.entries()) === 20);
      expect((await replica.peers())?.peers).toHaveLength(2);
    }
  }, 60_000);
});

describe('a template that changes for two replicas in the same moment', unless(missingV3), () => {
  it('is one reload of each, and no entry is lost on either', {
    ...unless(onlyInAll),
    timeout: 90_000,
  }, async () => {
    const { replica: first, set: setFirst, file, network } = await setUp(v3);
    const joining = { name: 'web-2', address: `${network}.2` };
    const { replica: second, set: setSecond } = follower(v3, file, joining);
    setSecond('one');
    await second.init();
    await second.start();
    const both = [first, second];
    await allReady(both);
    for (const replica of both) await eventually(async () => (await replica.entries()) === 20);
    const before = await Promise.all(both.map((replica) => replica.reloads()));

    setFirst('two');
    setSecond('two');

    for (const replica of both) {
      await eventually(() => told(replica, 'template in force').length === 1, {
        timeoutMs: 30_000,
      });
      await eventually(async () => (await replica.entries()) === 20);
    }
    const after = await Promise.all(both.map((replica) => replica.reloads()));
    expect(after).toEqual(before.map((count) => count + 1));
  });
});

describe(
  'files that HAProxy reads beside its template',
  unless(missingOf({ HAProxy: programs.haproxy34 })),
  () => {
    it('are read again with one reload when they change', async () => {
      const maps = mounted(join(testFolder(), 'maps'));
      maps.set({ 'words.map': 'a one\n' });
      const { set, replica, ask, keeps } = await setUp(variants[2], [
        `--watch-files=${maps.directory}`,
      ]);
      const words = maps.path('words.map');
      set('two', `backend more\n    http-request deny if { path,map(${words}) -m found }\n`);
      await eventually(() => told(replica, 'template in force').length === 1);
      const before = await replica.reloads();

      maps.set({ 'words.map': 'a two\n' });

      await eventually(() => told(replica, 'template in force').length === 2);
      expect(await replica.reloads()).toBe(before + 1);
      expect(await ask()).toBe('two');
      await keeps();
    });
  },
);
