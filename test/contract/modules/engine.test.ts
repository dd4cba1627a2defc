import { afterEach, describe, expect, it } from 'vitest';
import { monotonicNow } from '../../../src/clock.ts';
import { saysTheSame } from '../../../src/config-text/surviving-lines.ts';
import type { Module } from '../../../src/engine/module.ts';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { randomOf } from '../../helpers/random.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { humanBreaks, occupied } from '../../rig/appliers.ts';
import { type DataplaneStand, startDataplane } from '../../rig/dataplane-stand.ts';
import { startEngineLoop } from '../../rig/engine-loop.ts';
import { createOneBackend } from './one-backend/module.ts';
import { readServers, type Servers } from './one-backend/text.ts';

/** ENGINE_SEED=1 for the same steps again, ENGINE_STEPS=200 for a long run. */
const seed = Number(process.env.ENGINE_SEED ?? Date.now() % 1_000_000_000);
const stepsOf = Number(process.env.ENGINE_STEPS ?? 12);

const variants = [
  { version: 'v3', dataplane: programs.dataplaneV3, haproxy: programs.haproxy34 },
  { version: 'v2', dataplane: programs.dataplaneV2, haproxy: programs.haproxy30 },
] as const;

const backend = 'sessions';
let stand: DataplaneStand | undefined;
let stop = new AbortController();
let ended: Promise<void> = Promise.resolve();

afterEach(async () => {
  stop.abort(new Error('the test ends'));
  await ended;
  await stand?.stop();
  stand = undefined;
});

/** The engine as `run` has it, over a real API and HAProxy, with a second module beside the members. */
async function setUp({ version, dataplane = '', haproxy = '' }: (typeof variants)[number]) {
  const on = await startDataplane({ version, dataplane, haproxy });
  stand = on;
  stop = new AbortController();
  const { log, lines } = capturedLog();
  let wanted: Servers = new Map();
  const held: number[] = [];
  const module: Module = createOneBackend({
    backend,
    wanted: () => wanted,
    ask: on.ask,
    now: monotonicNow,
    onHeld: () => {
      held.push(wanted.size);
      wanted = readServers(on.text(), backend);
    },
  });
  const { members, poke, wrong, ...loop } = startEngineLoop({
    ...{ on, module, log, signal: stop.signal },
    reconcileIntervalMs: 1000,
  });
  ended = loop.ended;
  return {
    on,
    ...{ lines, held, wrong },
    members,
    /** From its next pass on, whenever that is. */
    wants(next: Servers) {
      wanted = next;
    },
    servers(next: Servers) {
      wanted = next;
      poke();
    },
    wanted: () => wanted,
    said: (msg: string) => eventually(() => lines.some((line) => line.msg === msg)),
    /** File and worker have what is wanted, and nothing else of ours. */
    settled: (names: readonly string[]) =>
      eventually(
        async () => {
          await withSocket(on);
          expect(await on.runningNames()).toEqual(['a', ...names].sort());
          expect([...readServers(on.text(), backend)].sort()).toEqual([...wanted].sort());
          expect(await workerServers(on)).toEqual(Object.fromEntries(wanted));
          const peers = [...on.text().matchAll(/^ {2}peer (\S+)/gm)].map(([, name]) => name);
          expect(peers.sort()).toEqual(['a', ...names].sort());
        },
        { timeoutMs: 20_000 },
      ).catch((error: unknown) => {
        const log = lines.slice(-30).map((line) => JSON.stringify(line));
        throw new Error(`${String(Object(error).cause)}\n${log.join('\n')}\n${on.text()}`);
      }),
  };
}

/**
 * A new worker of HAProxy 3.4 that cannot bind its ports leaves the path of the admin socket with nobody behind it, now and
 * then. An operator reloads HAProxy then.
 */
async function withSocket(on: DataplaneStand): Promise<void> {
  await on.ask('show info').catch(() => reloadOverMaster(on.masterSocket));
}

async function workerServers(on: DataplaneStand): Promise<Readonly<Record<string, string>>> {
  const rows = (await on.ask(`show servers state ${backend}`)).split('\n');
  const words = rows.map((line) => line.split(' '));
  return Object.fromEntries(
    words.filter((row) => row[3]?.startsWith('w')).map((row) => [row[3], `${row[4]}:${row[18]}`]),
  );
}

/** What nobody but us has written. */
function foreign(text: string): string {
  return text.replace(/^ +(peer [b-z]|server w).*\n/gm, '');
}

for (const variant of variants) {
  const { version, dataplane, haproxy } = variant;
  const missing = missingOf({ HAProxy: haproxy, [`Data Plane API ${version}`]: dataplane });
  describe(`several modules over one data plane api ${version}`, unless(missing), () => {
    it('make one transaction and one reload of what both want', async () => {
      const { on, members, wants, settled, said, lines } = await setUp(variant);
      await said('peers section is in step');
      const before = foreign(on.text());

      wants(new Map([['w1', '127.0.0.1:8001']]));
      members(['b', 'c']);
      await settled(['b', 'c']);

      await said('peers section changed');
      expect(lines.filter(({ msg }) => msg === 'HAProxy reloaded')).toEqual([]);
      expect(saysTheSame(before, foreign(on.text()))).toBe(true);
    });

    it('write what the worker has already without a reload', async () => {
      const { on, servers, settled, said } = await setUp(variant);
      servers(new Map([['w1', '127.0.0.1:8001']]));
      await settled([]);
      const pid = /Pid: (\d+)/.exec(await on.ask('show info'))?.[1];

      servers(new Map([['w1', '127.0.0.1:8002']]));
      await settled([]);

      expect(/Pid: (\d+)/.exec(await on.ask('show info'))?.[1]).toBe(pid);
      // The file is there before the answer is.
      await said('written without a reload: HAProxy already has it');
    });

    it('hold the one that is refused, and make what the other wants', async () => {
      const { members, servers, settled, held } = await setUp(variant);
      servers(new Map([['w1', 'no-such-host.invalid:8001']]));
      members(['b']);

      await settled(['b']);

      expect(held.length).toBeGreaterThan(0);
    });

    it(`keep every promise in ${stepsOf} steps at random, seed ${seed}`, async () => {
      const random = randomOf(seed);
      const { on, members, servers, settled, wanted, wrong } = await setUp(variant);
      await settled([]);
      const before = foreign(on.text());
      const port = await occupied();
      let names: readonly string[] = [];
      let down = false;
      const one = <T>(...choices: readonly T[]): T =>
        choices[Math.floor(random() * choices.length)] as T;
      for (let step = 0; step < stepsOf; step += 1) {
        const what = one('members', 'servers', 'moves', 'kill', 'broken', 'settle');
        if (what === 'members') {
          names = ['b', 'c', 'd', 'e', 'f'].filter(() => random() < 0.5);
          members(names);
        } else if (what === 'servers') {
          const some = ['w1', 'w2', 'w3'].filter(() => random() < 0.6);
          servers(new Map(some.map((name) => [name, `127.0.0.1:${one(8001, 8002, 8003)}`])));
        } else if (what === 'moves') {
          servers(
            new Map([...wanted().keys()].map((name) => [name, `127.0.0.1:${one(8004, 8005)}`])),
          );
        } else if (what === 'kill') {
          if (down) await on.startApi();
          else await on.stopApi('SIGKILL');
          down = !down;
        } else if (what === 'broken' && !down) {
          // Somebody else commits what HAProxy cannot load, whatever of ours is under way.
          await humanBreaks(on, port.port).catch(() => 0);
        } else if (!down) {
          await settled(names);
        }
        expect(on.text()).toMatch(/^ {2}peer a 127\.0\.0\.1:/m);
      }
      if (down) await on.startApi();
      await settled(names);
      await port.free();

      expect(wrong).toEqual([]);
      expect(saysTheSame(before, foreign(on.text()))).toBe(true);
    }, 240_000);
  });
}
