import type { Configuration, Edit, Owner, Step, Way } from '../../../../src/apply/edit.ts';
import type { Module } from '../../../../src/engine/module.ts';
import { readServers, type Servers, writeServers } from './text.ts';

export interface OneBackendOptions {
  readonly backend: string;
  readonly wanted: () => Servers;
  /** One command on the admin socket. */
  readonly ask: (command: string) => Promise<string>;
  readonly now: () => number;
  readonly onHeld: () => void;
}

const name = 'one-backend';

/**
 * The smallest module that uses all three lanes: servers of a backend come and go by reloads, and move at run time, which is
 * written afterwards.
 */
export function createOneBackend({ backend, wanted, ask, now, onHeld }: OneBackendOptions): Module {
  const owner: Owner = {
    name,
    own: (text) => ownOf([...readServers(text, backend).keys()]),
    obstacles: () => [],
    async loaded(text) {
      const there = await running().catch(() => undefined);
      return there === undefined ? undefined : same(there, readServers(text, backend));
    },
  };

  function ownOf(names: readonly string[]) {
    return { keyword: 'backend', section: backend, names: new Set(names), env: {} };
  }

  async function running(): Promise<Servers> {
    const answer = await ask(`show servers state ${backend}`);
    const rows = answer.split('\n').map((line) => line.split(' '));
    return new Map(
      rows.flatMap((row) =>
        row[3]?.startsWith('w') === true ? [[row[3], `${row[4]}:${row[18]}`]] : [],
      ),
    );
  }

  function edit(servers: Servers): Edit {
    return {
      owner: name,
      remaining({ text }: Configuration): Step | null {
        const before = readServers(text, backend);
        if (same(before, servers)) return null;
        return {
          what: { backend, servers: [...servers.keys()] },
          own: ownOf([...before.keys(), ...servers.keys()]),
          inText: (other) => writeServers(other, backend, servers),
          ways: (api) => [wayOf(api, before, servers)],
          lacks: async () => false,
        };
      },
    };
  }

  function wayOf(api: 'v2' | 'v3', before: Servers, servers: Servers): Way {
    const path =
      api === 'v3' ? `/configuration/backends/${backend}/servers` : '/configuration/servers';
    const where = api === 'v3' ? {} : { backend };
    return {
      name: 'servers',
      async make({ call }, transaction, signal) {
        const query = { transaction_id: transaction, ...where };
        const edits = { stage: 'edit', query, signal } as const;
        for (const [server, address] of before) {
          if (servers.get(server) === address) continue;
          const expect = [202, 204];
          await call({ ...edits, method: 'DELETE', path: `${path}/${server}`, expect });
        }
        for (const [server, address] of servers) {
          if (before.get(server) === address) continue;
          const [host, port] = address.split(':');
          const json = { name: server, address: host ?? '', port: Number(port) };
          await call({ ...edits, method: 'POST', path, json, expect: [201, 202] });
        }
      },
    };
  }

  return {
    name,
    owner,
    async runtime() {
      const there = await running().catch((): Servers => new Map());
      for (const [server, address] of wanted()) {
        const [host, port] = address.split(':');
        const known = there.get(server);
        if (known === undefined || known === address) continue;
        await ask(`set server ${backend}/${server} addr ${host} port ${port}`).catch(() => '');
      }
    },
    request({ text }) {
      const servers = wanted();
      const written = readServers(text, backend);
      if (same(servers, written)) return null;
      const moved = [...servers.keys()].sort().join() === [...written.keys()].sort().join();
      const lane = moved ? ({ via: 'persist' } as const) : ({ via: 'reload' } as const);
      const asks = {
        module: name,
        urgency: 'burst',
        sinceMs: now(),
        edits: [edit(servers)],
      } as const;
      return { ...asks, ...lane, reasons: ['servers of the backend differ'] };
    },
    held: onHeld,
  };
}

function same(one: Servers, other: Servers): boolean {
  return one.size === other.size && [...one].every(([server, at]) => other.get(server) === at);
}
