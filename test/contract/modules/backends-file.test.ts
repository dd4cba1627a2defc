import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { monotonicNow, sleep } from '../../../src/clock.ts';
import { damages, saysTheSame } from '../../../src/config-text/surviving-lines.ts';
import type { Module } from '../../../src/engine/module.ts';
import { createStateFile } from '../../../src/files/state-file.ts';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { parseServersState } from '../../../src/haproxy/servers-state.ts';
import { isOwnId } from '../../../src/modules/backends/endpoints/server-id.ts';
import { createInventory, inventorySchema } from '../../../src/modules/backends/file/inventory.ts';
import { readBackend } from '../../../src/modules/backends/file/read-backend.ts';
import { createServersFile } from '../../../src/modules/backends/file/servers-file.ts';
import { watchFile } from '../../../src/modules/backends/file/watch-file.ts';
import { planServers } from '../../../src/modules/backends/plan/plan.ts';
import type { WantedBackend, WantedServer } from '../../../src/modules/backends/server.ts';
import { backend, server } from '../../helpers/backends.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { randomOf } from '../../helpers/random.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { humanBegins, humanBreaks, occupied } from '../../rig/appliers.ts';
import { type DataplaneStand, startDataplane } from '../../rig/dataplane-stand.ts';
import { startEngineLoop } from '../../rig/engine-loop.ts';

/** BACKENDS_SEED=1 for the same steps again, BACKENDS_STEPS=200 for a long run. */
const seed = Number(process.env.BACKENDS_SEED ?? Date.now() % 1_000_000_000);
const stepsOf = Number(process.env.BACKENDS_STEPS ?? 10);

const variants = [
  { version: 'v3', dataplane: programs.dataplaneV3, haproxy: programs.haproxy34 },
  { version: 'v2', dataplane: programs.dataplaneV2, haproxy: programs.haproxy30 },
] as const;

const name = 'be_app';
const section = `backend ${name}
  balance roundrobin
  # of the operator
  server static1 127.0.0.1:81 # keep
`;
const all = { add: null, toggle: null, delete: null };

let stand: DataplaneStand | undefined;
let stop = new AbortController();
let ended: Promise<unknown> = Promise.resolve();

afterEach(async () => {
  stop.abort(new Error('the test ends'));
  await ended;
  await stand?.stop();
  stand = undefined;
});

interface Line {
  readonly name: string;
  readonly at: string;
  readonly weight: number;
}

const sorted = (lines: readonly Line[]) =>
  lines.toSorted((one, other) => (one.name < other.name ? -1 : 1));

/** Ours that serve, as the worker has them. */
async function inWorker(on: DataplaneStand): Promise<readonly Line[]> {
  const rows = parseServersState(await on.ask(`show servers state ${name}`)) ?? [];
  const ours = rows.filter((row) => isOwnId(row.name, row.id) && !row.inMaintenance);
  return sorted(
    ours.map((row) => ({ name: row.name, at: `${row.address}:${row.port}`, weight: row.weight })),
  );
}

/** The same as haproxy.cfg has them: what the next worker will have. */
function inFile(text: string): readonly Line[] {
  const read = readBackend(text, name);
  if (read.kind === 'none') throw new Error(read.why);
  const ours = read.servers.filter(
    ({ name: own, id, words }) =>
      id !== null && isOwnId(own, id) && words.every(({ keyword }) => keyword !== 'disabled'),
  );
  return sorted(
    ours.map(({ name: own, address, port, words }) => ({
      name: own,
      at: `${address}:${port}`,
      weight: Number(words.find(({ keyword }) => keyword === 'weight')?.values[0]),
    })),
  );
}

/** What is neither a server of ours nor a peer of the set. */
function foreign(text: string): string {
  const lines = text.split('\n').filter((line) => {
    const id = Number(/ id (\d+)/.exec(line)?.[1] ?? 0);
    const own = /^\s*server (\S+)/.exec(line)?.[1] ?? '';
    return !/^\s+peer [b-z] /.test(line) && !isOwnId(own, id);
  });
  return lines.join('\n');
}

/** The engine with both lanes of the module, over a real API and HAProxy. */
async function setUp({ version, dataplane = '', haproxy = '' }: (typeof variants)[number]) {
  const on = await startDataplane({
    ...{ version, dataplane, haproxy },
    rewrite: (text) => `${text}${section}`,
  });
  stand = on;
  stop = new AbortController();
  const { log, lines } = capturedLog();
  let wanted: readonly WantedBackend[] = [backend([], name)];
  const state = createStateFile(join(on.directory, 'servers.json'), inventorySchema);
  const file = createServersFile({
    ...{ wanted: () => wanted, params: [], env: {}, now: monotonicNow },
    inventory: await createInventory(state, log),
  });
  const { outdated, watch } = watchFile(on.configFile);

  /** Beside the passes of the engine, which wait for the API and for reloads. */
  async function tellWorker(): Promise<void> {
    while (!stop.signal.aborted) {
      await tellOnce().catch(() => undefined);
      await sleep(50, stop.signal).catch(() => undefined);
    }
  }

  async function tellOnce(): Promise<void> {
    const running = parseServersState(await on.ask(`show servers state ${name}`));
    const { steps } = planServers({
      ...{ backend: name, wanted: wanted[0]?.servers ?? [], running: running ?? [], params: [] },
      ...{ balance: 'roundrobin', gates: all, onEmpty: 'maint', deleteAfterMs: 0, drainLimitMs: 0 },
    });
    for (const { line } of steps) await on.ask(line);
  }

  const module: Module = {
    name: 'backends',
    outdated,
    runtime: () => file.note(),
    request: (configuration) => file.request(configuration),
  };
  const loop = startEngineLoop({
    ...{ on, module, log, signal: stop.signal },
    // Longer than a test: what is found is not found by looking at everything now and then.
    reconcileIntervalMs: 600_000,
  });
  ended = Promise.all([loop.ended, watch(loop.poke, stop.signal), tellWorker()]);
  return {
    ...{ on, file, loop, lines },
    wants(servers: readonly WantedServer[]) {
      wanted = [backend(servers, name)];
      loop.poke();
    },
    /** File and worker have what is wanted, and nothing else of ours. */
    settled: () =>
      eventually(
        async () => {
          // A worker of 3.4 that cannot bind may leave the socket with nobody behind it: an operator reloads then.
          await on.ask('show info').catch(() => reloadOverMaster(on.masterSocket));
          loop.poke();
          const want = (wanted[0]?.servers ?? []).filter(({ state: is }) => is !== 'maint');
          const target = want.map(({ name: own, address, port, weight }) => ({
            ...{ name: own, at: `${address}:${port}`, weight },
          }));
          expect(await inWorker(on)).toEqual(sorted(target));
          expect(inFile(on.text())).toEqual(sorted(target));
        },
        { timeoutMs: 40_000 },
      ).catch((error: unknown) => {
        const told = lines.slice(-30).map((line) => JSON.stringify(line));
        throw new Error(`${String(Object(error).cause)}\n${told.join('\n')}\n${on.text()}`);
      }),
    writes: () => lines.filter(({ msg }) => String(msg).startsWith('written without')).length,
    pid: async () => /Pid: (\d+)/.exec(await on.ask('show info'))?.[1],
  };
}

/** Somebody adds a server of their own and reloads. */
async function humanAddsServer(on: DataplaneStand, own: string): Promise<number> {
  const transaction = await humanBegins(on);
  const path = on.version === 'v3' ? `backends/${name}/servers` : 'servers';
  const query = `transaction_id=${transaction}${on.version === 'v3' ? '' : `&backend=${name}`}`;
  const line = { name: own, address: '127.0.0.1', port: 82 };
  await on.human('POST', `/configuration/${path}?${query}`, line);
  return (await on.human('PUT', `/transactions/${transaction}?force_reload=true`)).status;
}

for (const variant of variants) {
  const { version, dataplane, haproxy } = variant;
  const missing = missingOf({ HAProxy: haproxy, [`Data Plane API ${version}`]: dataplane });
  describe(`servers in haproxy.cfg over data plane api ${version}`, unless(missing), () => {
    // With the other version in every run.
    const long = unless(version === 'v2' ? onlyInAll : undefined);

    it('are there without a reload, and after a reload of anybody', long, async () => {
      const { on, wants, settled, pid } = await setUp(variant);
      const before = foreign(on.text());
      const first = await pid();
      wants([server('app-1'), server('app-2', { weight: 7 })]);
      await settled();
      wants([server('app-2', { state: 'drain' }), server('app-3', { address: 'fd00::3' })]);
      await settled();
      expect(await pid()).toBe(first);

      await reloadOverMaster(on.masterSocket);
      expect(await pid()).not.toBe(first);
      // A reload forgets what was told at run time: the worker that has just come has it from the file.
      expect(await inWorker(on)).toEqual(inFile(on.text()));
      expect(await inWorker(on)).toHaveLength(2);
      await settled();

      expect(saysTheSame(before, foreign(on.text()))).toBe(true);
    });

    it('are written again when a failed reload has restored an older file', async () => {
      const { on, wants, settled, writes } = await setUp(variant);
      const port = await occupied();
      wants([server('app-1')]);
      await settled();

      await humanBreaks(on, port.port);
      await settled();

      // The write, and the one after it was lost; the file is there before the answer is.
      await eventually(() => writes() > 1);
      expect(inFile(on.text())).toHaveLength(1);
      expect(on.text()).not.toContain(`:${port.port}`);
      await port.free();
    });

    it('wait for an API that is away, while the worker is told', long, async () => {
      const { on, wants, settled, file } = await setUp(variant);
      await settled();
      await on.stopApi('SIGKILL');
      wants([server('app-1'), server('app-2')]);
      await eventually(async () => (await inWorker(on)).length === 2);
      await eventually(() => file.state().behindSinceMs !== null);
      expect(inFile(on.text())).toEqual([]);

      await on.startApi();
      await settled();
      await eventually(() => file.state().behindSinceMs === null);
    });

    it(`keep every promise in ${stepsOf} steps at random, seed ${seed}`, async () => {
      const random = randomOf(seed);
      const { on, wants, settled, loop } = await setUp(variant);
      await settled();
      let mine = foreign(on.text());
      const port = await occupied();
      const one = <T>(...choices: readonly T[]): T =>
        choices[Math.floor(random() * choices.length)] as T;
      const states = ['up', 'up', 'drain', 'maint'] as const;
      let down = false;
      for (let step = 0; step < stepsOf; step += 1) {
        const what = one(
          'members',
          'churn',
          'churn',
          'kill',
          'broken',
          'human',
          'reload',
          'settle',
        );
        if (what === 'members') loop.members(['b', 'c', 'd', 'e'].filter(() => random() < 0.5));
        else if (what === 'churn') {
          const some = Array.from({ length: 8 }, (_, index) => `app-${index}`);
          const chosen = some.filter(() => random() < 0.5);
          wants(
            chosen.map((each) =>
              server(each, { address: one('10.0.0.1', '10.0.0.2'), state: one(...states) }),
            ),
          );
        } else if (what === 'kill') {
          if (down) await on.startApi();
          else await on.stopApi('SIGKILL');
          down = !down;
        } else if (what === 'broken' && !down) {
          // With nothing of ours to write: a write that meets it may bring back what the API takes out of the file just then.
          await settled();
          await humanBreaks(on, port.port).catch(() => 0);
        } else if (what === 'human' && !down) {
          await settled();
          if ((await humanAddsServer(on, `theirs-${step}`).catch(() => 0)) === 200)
            mine = mine.replace('# keep\n', `# keep\n  server theirs-${step} 127.0.0.1:82\n`);
        } else if (what === 'reload') {
          await reloadOverMaster(on.masterSocket).catch(() => undefined);
        } else if (!down) await settled();
        expect(on.text()).toContain('server static1 127.0.0.1:81 # keep');
      }
      if (down) await on.startApi();
      await settled();
      await port.free();

      expect(loop.wrong).toEqual([]);
      expect(
        foreign(on.text())
          .match(/server theirs-\d+/g)
          ?.toSorted(),
      ).toEqual(mine.match(/server theirs-\d+/g)?.toSorted());
      const without = (text: string) => text.replaceAll(/ +server theirs-.*\n/g, '');
      const [given, now] = [mine, foreign(on.text())].map(without);
      expect(damages(given ?? '', now ?? '', [])).toEqual([]);
      expect(damages(now ?? '', given ?? '', [])).toEqual([]);
    }, 240_000);
  });
}
