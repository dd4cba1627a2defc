import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { ownNetwork } from '../../rig/network.ts';
import { connected, createPair, type Pair } from '../../rig/pair.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable, heldEntries } from '../../rig/table.ts';

const cases = [
  ['3.4', programs.haproxy34, ownNetwork()],
  ['3.0', programs.haproxy30, ownNetwork()],
  ['on the path', programs.haproxy, ownNetwork()],
] as const;

/** Says that it is `name`, and asks for everything: a control message, "resync request" (haproxy src/peers.c). */
async function askAs(name: string, target: Replica, until: (heard: string) => boolean) {
  const socket = connect({ host: target.address, port: target.ports.peers });
  try {
    await once(socket, 'connect');
    let heard = '';
    let ended = false;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      heard += text;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      ended = true;
    });
    socket.write(`HAProxyS 2.1\n${target.name}\n${name} 1 1\n`);
    await eventually(() => heard.includes('\n') || ended);
    if (heard.startsWith('200\n')) socket.write(Buffer.from([0, 0]));
    await eventually(() => until(heard) || ended);
    return heard;
  } finally {
    socket.destroy();
  }
}

/** How long the session lasts that `replica` has with the one of this name. */
async function sessionSeconds(replica: Replica, name: string): Promise<number> {
  const peer = (await replica.peers())?.peers.find((one) => one.name === name);
  return peer?.sessionSeconds ?? 0;
}

// What docs/security.md says of a cluster without TLS and without a NetworkPolicy.
for (const [title, haproxy, network] of cases) {
  describe(
    `HAProxy ${title}, and one who calls itself after a peer`,
    unless(missingOf({ [`HAProxy ${title}`]: haproxy })),
    () => {
      const entries = 300;
      let stand: Pair;
      let keys: readonly string[];
      beforeAll(async () => {
        stand = await createPair(haproxy ?? '', network);
        await fillTable(stand.writer, entries);
        await eventually(async () => (await stand.reader.entries()) === entries);
        keys = [...(await heldEntries(stand.writer)).keys()];
      });
      afterAll(() => stand?.close());

      const everyKey = (heard: string) => keys.every((key) => heard.includes(key));

      it('tells the whole table to the name of a peer that is not connected', async () => {
        const heard = await askAs(stand.fresh.name, stand.writer, everyKey);

        expect(heard.slice(0, 4)).toBe('200\n');
        expect(everyKey(heard)).toBe(true);
      });

      it('tells it to the name of a connected peer too, whose session it ends', async () => {
        const { writer, reader } = stand;
        await eventually(async () => (await sessionSeconds(writer, reader.name)) >= 2);

        const heard = await askAs(reader.name, writer, everyKey);

        expect(heard.slice(0, 4)).toBe('200\n');
        expect(everyKey(heard)).toBe(true);
        expect(await sessionSeconds(writer, reader.name)).toBeLessThan(2);
        // The real one comes back by itself, and has lost nothing.
        await connected(writer, reader.name);
        expect(await reader.entries()).toBe(entries);
      });

      it('answers 504 to a name it does not know, and ends', async () => {
        expect(await askAs('stranger', stand.writer, () => false)).toBe('504\n');
      });
    },
  );
}
