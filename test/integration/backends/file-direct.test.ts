import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createDirectApplier } from '../../../src/apply/direct.ts';
import { monotonicNow } from '../../../src/clock.ts';
import type { Module } from '../../../src/engine/module.ts';
import { createStateFile } from '../../../src/files/state-file.ts';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { parseServersState } from '../../../src/haproxy/servers-state.ts';
import { createInventory, inventorySchema } from '../../../src/modules/backends/file/inventory.ts';
import { createPersist } from '../../../src/modules/backends/file/persist.ts';
import { createServersFile } from '../../../src/modules/backends/file/servers-file.ts';
import type { WantedBackend } from '../../../src/modules/backends/server.ts';
import { backend, server } from '../../helpers/backends.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyEnds, unless } from '../../helpers/skip.ts';
import { testBackendStand } from '../../rig/test-backend-stand.ts';

const never = new AbortController().signal;
const guarded = ['balance roundrobin', '.if defined(NOBODY)', 'server x 127.0.0.1:9', '.endif'];

/** The file lane of relay mode over the haproxy.cfg of a real HAProxy. */
async function setUp(haproxy: string | undefined, params: readonly string[] = []) {
  const stand = await testBackendStand({ haproxy, backend: guarded });
  const { log, lines } = capturedLog();
  const { configFile, masterSocket, directory } = stand;
  const state = createStateFile(join(directory, 'servers.json'), inventorySchema);
  let wanted: readonly WantedBackend[] | null = null;
  const file = createServersFile({
    ...{ wanted: () => wanted, params, env: {}, now: monotonicNow },
    inventory: await createInventory(state, log),
  });
  const module: Module = { name: 'backends', request: (read) => file.request(read) };
  const applier = createDirectApplier({ configFile, masterSocket, log, haproxyBin: haproxy });
  const persist = createPersist({ applier, module, log, now: monotonicNow });
  return {
    ...{ stand, lines, file },
    async write(...names: readonly string[]) {
      const servers = names.map((name) => server(name));
      wanted = [backend(servers, 'be_app')];
      await file.note();
      await persist.look(true, never);
    },
  };
}

for (const [title, haproxy] of haproxyVersions) {
  const missing = missingOf({ [`HAProxy ${title}`]: haproxy });
  it(
    `is what the next worker has, without a Data Plane API: HAProxy ${title}`,
    unless(missing ?? onlyEnds(title)),
    async () => {
      const { stand, write } = await setUp(haproxy);
      const before = stand.text();
      const pidOf = async () => /Pid: \d+/.exec(await stand.ask('show info'))?.[0];
      const pid = await pidOf();

      await write('app-1', 'app-2');

      const text = stand.text();
      expect(text.replace(/ +server app-.*\n/g, '')).toBe(before);
      expect(text).toMatch(/\.endif\n +server app-1 .*\n +server app-2 .*\n/);
      expect(await pidOf()).toBe(pid);
      await reloadOverMaster(stand.masterSocket);
      const rows = parseServersState(await stand.ask('show servers state be_app')) ?? [];
      expect(rows.map(({ name, weight }) => [name, weight])).toEqual([
        ['app-1', 1],
        ['app-2', 1],
      ]);
    },
  );
}

const [, newest] = haproxyVersions[0];

it(
  'is not written where HAProxy refuses it, and it is said',
  unless(missingOf({ 'HAProxy 3.4': newest })),
  async () => {
    const { stand, write, lines, file } = await setUp(newest, [
      'ssl',
      'verify',
      'none',
      'crt',
      '/nowhere',
    ]);
    const before = stand.text();

    await write('app-1');

    expect(stand.text()).toBe(before);
    expect(file.state().behindSinceMs).not.toBeNull();
    expect(lines.find(({ level }) => level === 'error')).toMatchObject({ code: 'RELOAD_FAILED' });
  },
);
