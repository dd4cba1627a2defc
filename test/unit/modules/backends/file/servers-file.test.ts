import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMemoryApplier } from '../../../../../src/apply/memory.ts';
import type { Module } from '../../../../../src/engine/module.ts';
import { RemoteError } from '../../../../../src/errors.ts';
import { createStateFile } from '../../../../../src/files/state-file.ts';
import { createLog } from '../../../../../src/log.ts';
import {
  createInventory,
  inventorySchema,
} from '../../../../../src/modules/backends/file/inventory.ts';
import { createPersist } from '../../../../../src/modules/backends/file/persist.ts';
import { createServersFile } from '../../../../../src/modules/backends/file/servers-file.ts';
import type { WantedBackend } from '../../../../../src/modules/backends/server.ts';
import { backend, server } from '../../../../helpers/backends.ts';
import { capturedLog } from '../../../../helpers/captured-log.ts';
import { testFolder } from '../../../../helpers/test-folder.ts';

const never = new AbortController().signal;
const empty = 'backend app\n  server s1 10.0.0.1:80\n';
const fault = () =>
  new RemoteError('DATAPLANE_UNREACHABLE', 'silent', { retryable: true, stage: 'read' });

/** The file lane over a configuration in memory, with a clock that the test sets. */
async function world(text = empty, path = join(testFolder(), 'servers.json')) {
  const inner = createMemoryApplier({ text });
  const { log, lines } = capturedLog();
  const inventory = await createInventory(createStateFile(path, inventorySchema), log);
  let nowMs = 1_000_000;
  let wanted: readonly WantedBackend[] | null = null;
  let failure: Error | null = null;
  let reads = 0;
  let writes = 0;
  let isOutdated = false;
  const now = () => nowMs;
  const file = createServersFile({ wanted: () => wanted, params: [], env: {}, inventory, now });
  const module: Module = {
    name: 'backends',
    request: (configuration) => file.request(configuration),
    outdated: () => isOutdated,
  };
  const applier = {
    async read() {
      reads += 1;
      if (failure !== null) throw failure;
      return inner.read(never);
    },
    async persist(...given: Parameters<typeof inner.persist>) {
      if (failure !== null) throw failure;
      writes += 1;
      return inner.persist(...given);
    },
  };
  const persist = createPersist({ applier, module, log, now });
  return {
    file,
    lines,
    path,
    applier,
    module,
    wants(...servers: Parameters<typeof backend>[0]) {
      wanted = [backend(servers)];
    },
    fails(error: Error | null) {
      failure = error;
    },
    outdated(value: boolean) {
      isOutdated = value;
    },
    pass: (ms: number) => {
      nowMs += ms;
    },
    now,
    async look(full = false) {
      await file.note();
      return persist.look(full, never);
    },
    text: async () => (await inner.read(never)).text,
    counts: () => ({ reads, writes }),
    noted: (): unknown => JSON.parse(readFileSync(path, 'utf8')),
  };
}

describe('the file of the servers', () => {
  it('is left alone until it is known what is wanted, and where nothing differs', async () => {
    const it = await world();
    expect(await it.look()).toBe(Number.POSITIVE_INFINITY);
    it.wants();
    expect(await it.look(true)).toBe(Number.POSITIVE_INFINITY);

    expect(await it.text()).toBe(empty);
    expect(it.counts()).toEqual({ reads: 2, writes: 0 });
  });

  it('is written at once, then at most once a second, with all that came in between', async () => {
    const it = await world();
    it.wants(server('app-1'));
    await it.look();
    expect(await it.text()).toContain('server app-1');
    for (const last of [2, 3, 4]) {
      it.wants(server('app-1'), server(`app-${last}`));
      it.pass(200);
      expect(await it.look()).toBe(it.now() + 1000 - 200 * (last - 1));
    }
    expect(it.file.state().behindSinceMs).toBe(it.now() - 400);
    it.pass(400);
    await it.look();

    expect(it.counts().writes).toBe(2);
    expect(await it.text()).toMatch(/server app-1 .*\n {2}server app-4 .*\n$/);
    await it.look();
    expect(it.file.state()).toEqual({ behindSinceMs: null, problems: [] });
  });

  it('is not read or written while nothing changes, for ten minutes', async () => {
    const it = await world();
    it.wants(server('app-1'));
    await it.look();
    await it.look();
    const before = it.counts();
    for (let second = 0; second < 600; second += 1) {
      it.pass(1000);
      await it.look();
    }
    expect(it.counts()).toEqual(before);
  });

  it('is read again when somebody has written it', async () => {
    const it = await world();
    it.wants(server('app-1'));
    await it.look();
    await it.look();
    const { reads } = it.counts();
    it.outdated(true);
    await it.look();
    expect(it.counts().reads).toBe(reads + 1);
  });

  it('is tried again, later and later, while it cannot be read or written, and it is said once', async () => {
    const it = await world();
    it.wants(server('app-1'));
    it.fails(fault());
    const pauses: number[] = [];
    for (let time = 0; time < 7; time += 1) {
      const next = await it.look();
      pauses.push(next - it.now());
      it.pass(next - it.now());
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(it.lines.filter(({ level }) => level === 'error')).toHaveLength(1);

    it.fails(null);
    await it.look();
    expect(await it.text()).toContain('server app-1');
  });
});

describe('what is remembered', () => {
  it('is noted before it is written, and once', async () => {
    const it = await world();
    it.wants(server('app-1'), server('app-2'));
    it.fails(fault());
    await it.look();
    expect(it.noted()).toEqual({ version: 1, backends: { app: ['app-1', 'app-2'] } });
    it.fails(null);
    it.pass(5000);
    rmSync(it.path);
    it.wants(server('app-1'));
    await it.look();

    expect(existsSync(it.path)).toBe(false);
  });

  it('is enough to take out what comes back with an older file', async () => {
    const it = await world();
    it.wants(server('app-1'), server('app-2'));
    await it.look();
    const older = await it.text();
    it.wants(server('app-3'));
    it.pass(2000);
    await it.look();

    const restored = await world(older, it.path);
    restored.wants(server('app-3'));
    await restored.look();

    expect(await restored.text()).toMatch(/s1 .*\n {2}server app-3 .*\n$/);
  });

  it('is bounded: of those that are gone, the last 4000', async () => {
    const file = createStateFile(join(testFolder(), 'servers.json'), inventorySchema);
    const inventory = await createInventory(file, createLog('silent'));
    const rounds = Array.from({ length: 10 }, (_, round) =>
      Array.from({ length: 1000 }, (_unused, index) => `app-${round}-${index}`),
    );
    for (const names of rounds) await inventory.note('app', ['stays', ...names]);

    const names = inventory.names('app');
    expect(names.size).toBe(5001);
    expect([names.has('stays'), names.has('app-5-0'), names.has('app-4-999')]).toEqual([
      ...[true, true, false],
    ]);
    expect((await file.read())?.backends.app).toHaveLength(5001);
  });

  it('lets a later run take out what an earlier one wrote', async () => {
    const first = await world();
    first.wants(server('app-1'), server('app-2'));
    await first.look();

    const later = await world(await first.text(), first.path);
    later.wants(server('app-2'));
    await later.look();

    expect(await later.text()).toMatch(/s1 .*\n {2}server app-2 .*\n$/);
  });

  it.each([
    ['is gone', rmSync],
    ['is damaged', (path: string) => writeFileSync(path, '{"version":1,"backends":{"app":[')],
  ])('keeps what stands there where it %s, but for the servers that are wanted', async (_, act) => {
    const first = await world();
    first.wants(server('app-1'), server('app-2'));
    await first.look();
    act(first.path);

    const later = await world(await first.text(), first.path);
    later.wants(server('app-2', { weight: 9 }));
    await later.look();

    expect(await later.text()).toMatch(/server app-2 .* weight 9\n {2}server app-1 .*\n$/);
  });

  it('is kept of backends that are not wanted now', async () => {
    const first = await world();
    first.wants(server('app-1'));
    await first.look();
    const file = createStateFile(first.path, inventorySchema);
    const inventory = await createInventory(file, createLog('silent'));
    await inventory.note('other', ['x']);

    expect(first.noted()).toMatchObject({ backends: { app: ['app-1'], other: ['x'] } });
  });

  it('is in memory where it cannot be written, which is said once', async () => {
    const it = await world(empty, join(testFolder(), 'none', 'servers.json'));
    it.wants(server('app-1'));
    await it.look();
    it.wants(server('app-2'));
    it.pass(2000);
    await it.look();

    expect(await it.text()).toMatch(/s1 .*\n {2}server app-2 .*\n$/);
    expect(it.lines.filter(({ msg }) => String(msg).startsWith('cannot note'))).toHaveLength(1);
  });
});
