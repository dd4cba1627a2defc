import { createServer, type Server } from 'node:http';
import got from 'got';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/ports.ts';
import { haproxyBranch, programs } from '../../helpers/programs.ts';
import { type HaproxyStand, sectionName, startHaproxyStand } from '../../rig/haproxy-stand.ts';

const binaries = [programs.haproxy, programs.haproxy30, programs.haproxy34].filter(
  (each) => each !== undefined,
);

/** Two servers that say who they are. */
async function startServers(): Promise<readonly (Server & { readonly port: number })[]> {
  return await Promise.all(
    ['one', 'two'].map(async (name) => {
      const port = await freePort();
      const server = createServer((_, answer) => answer.end(name));
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      return Object.assign(server, { port });
    }),
  );
}

/** What the check `stick-servers` of doctor rests on. */
describe.each(binaries.map((binary) => [haproxyBranch(binary), binary] as const))(
  'stick on with server-template, HAProxy %s',
  (_, haproxy) => {
    let servers: Awaited<ReturnType<typeof startServers>>;
    const stands: HaproxyStand[] = [];
    beforeAll(async () => {
      servers = await startServers();
    });
    afterAll(async () => {
      await Promise.all(stands.splice(0).map((stand) => stand.stop()));
      for (const server of servers) server.close();
    });

    /** Two replicas, whose slots have the same servers in another order, as DNS gives them. Which server each asks for a session. */
    async function asked(srvkey: string, named = false): Promise<readonly [string, string]> {
      const ports = [await freePort(), await freePort()] as const;
      const peers = ports.map((port, index) => `peer ${'ab'[index]} 127.0.0.1:${port}`);
      const fronts = [await freePort(), await freePort()] as const;
      for (const [index, front] of fronts.entries()) {
        const order = index === 0 ? servers : servers.toReversed();
        const lines = order.map(({ port }) => `server s${port} 127.0.0.1:${port}`).join('\n  ');
        const stand = await startHaproxyStand({
          haproxy,
          peers,
          rewrite: (text) => `${text.replace('localpeer a', `localpeer ${'ab'[index]}`)}
frontend public
  bind 127.0.0.1:${front}
  default_backend app
backend app
  ${named ? lines : 'server-template app 2 127.0.0.1:1'}
  stick on url_param(session)
  stick-table type string len 64 size 1k expire 1h${srvkey} peers ${sectionName}
`,
        });
        stands.push(stand);
        if (named) continue;
        for (const [slot, { port }] of order.entries())
          await stand.ask(`set server app/app${slot + 1} addr 127.0.0.1 port ${port}`);
      }
      const [, second] = stands.slice(-2) as [HaproxyStand, HaproxyStand];
      const ask = (front: number) => got(`http://127.0.0.1:${front}/?session=s`).text();
      const first = await ask(fronts[0]);
      await eventually(async () => (await second.ask('show table app')).includes('key=s '));
      return [first, await ask(fronts[1])];
    }

    it('asks another server on each replica, since the slots have the same names', async () => {
      const [first, second] = await asked('');

      expect(second).not.toBe(first);
    }, 60_000);

    it('asks the same one where servers have names of their own, in whatever order', async () => {
      const [first, second] = await asked('', true);

      expect(second).toBe(first);
    }, 60_000);

    it('asks the same one with srvkey addr', async () => {
      const [first, second] = await asked(' srvkey addr');

      expect(second).toBe(first);
    }, 60_000);
  },
);
