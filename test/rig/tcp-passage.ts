import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Replica } from './replica.ts';

/** Where somebody is to be reached, and where it listens. */
interface Way {
  readonly address: string;
  readonly at: number;
  readonly to: number;
}

async function opened({ address, at, to }: Way, sockets: Set<Socket>): Promise<Server> {
  const server = createServer((client) => {
    const target = connect(to, address);
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, address, resolve);
  });
  return server;
}

/**
 * Opens the ports between two groups of replicas that listen on different ones: each is reached at the ports of the other
 * group, too. HAProxy knows a peer by its name, not by where it comes from.
 */
export async function passage(
  one: readonly Replica[],
  other: readonly Replica[],
): Promise<{ close(): Promise<void> }> {
  const ways = [
    [one, other],
    [other, one],
  ].flatMap(([from = [], to = []]) =>
    to.flatMap(({ address, ports }) =>
      (['peers', 'probe'] as const).map((port) => ({
        ...{ address, at: from[0]?.ports[port] ?? 0, to: ports[port] },
      })),
    ),
  );
  const sockets = new Set<Socket>();
  const servers = await Promise.all(ways.map((way) => opened(way, sockets)));
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
    },
  };
}
