import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observePeers } from '../../../src/engine/observe.ts';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import type { PeerState, PeersState } from '../../../src/model/peers-state.ts';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { ownNetwork } from '../../rig/network.ts';
import { connected, createPair, type Pair, worker } from '../../rig/pair.ts';
import { fillTable } from '../../rig/table.ts';

const cases = [
  ['3.4', programs.haproxy34, ownNetwork()],
  ['3.0', programs.haproxy30, ownNetwork()],
  ['on the path', programs.haproxy, ownNetwork()],
] as const;

for (const [title, haproxy, network] of cases) {
  describe(
    `what HAProxy ${title} shows of a sibling`,
    unless(missingOf({ [`HAProxy ${title}`]: haproxy })),
    () => {
      const entries = 300;
      let stand: Pair;
      beforeAll(async () => {
        stand = await createPair(haproxy ?? '', network);
        await fillTable(stand.writer, entries);
        await eventually(async () => (await stand.reader.entries()) === entries);
      });
      afterAll(() => stand?.close());

      async function shown(): Promise<PeersState> {
        const { adminSocket } = stand.writer;
        const observed = await observePeers(
          adminSocket,
          'haproxy-peers',
          AbortSignal.timeout(5000),
        );
        if (observed.kind === 'down' || observed.state === null) throw new Error('no state');
        return observed.state;
      }
      async function reader(): Promise<Partial<PeerState>> {
        return (await shown()).peers.find(({ name }) => name === stand.reader.name) ?? {};
      }
      const write = (key: string) => stand.writer.ask(`set table sessions key ${key} data.gpc0 1`);

      it('counts the entries, and says when an update is there', async () => {
        await write('single');
        await eventually(async () => {
          const { updates, unconfirmed } = await reader();
          return updates === entries + 1 && unconfirmed === 0;
        });

        expect((await shown()).entries).toBe(entries + 1);
        expect(await reader()).toMatchObject({
          established: true,
          behind: 0,
          updates: entries + 1,
        });
      });

      it('tells what is sent from what is there', async () => {
        const { pid } = await worker(stand.reader);
        await stopProcess(pid);
        try {
          await write('while-it-stands-still');
          await eventually(async () => {
            const { behind, unconfirmed } = await reader();
            return behind === 0 && unconfirmed === 1;
          });

          expect(await reader()).toMatchObject({ established: true, behind: 0, unconfirmed: 1 });
        } finally {
          process.kill(pid, 'SIGCONT');
        }
        await eventually(async () => (await reader()).unconfirmed === 0);
      });

      it('says how long a session lasts, and that a new one has begun', async () => {
        await eventually(async () => ((await reader()).sessionSeconds ?? 0) >= 2);
        await reloadOverMaster(stand.reader.masterSocket);
        await eventually(async () => ((await reader()).sessionSeconds ?? 9) < 2);
        await connected(stand.writer, stand.reader.name);

        expect(await reader()).toMatchObject({ established: true });
      });
    },
  );
}
