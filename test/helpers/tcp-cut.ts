import { createServer, type Socket, connect as tcpConnect } from 'node:net';

/** A TCP hop that a test can cut: the fault is real for both ends, and only this client feels it. */
export interface TcpCut {
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: () => number;
  /** Resets what is open and refuses what comes. */
  cut(): void;
  /** Keeps everything open and passes nothing on, as a network that drops packets; in one direction, if need be. */
  freeze(way?: 'both' | 'there' | 'back'): void;
  heal(): void;
  close(): Promise<void>;
}

/** Listens at `host`, at a free port where none is given; `from` is the address that the target sees. */
export async function startTcpCut(
  targetPort: number,
  host = '127.0.0.1',
  from?: string,
  listenPort = 0,
): Promise<TcpCut> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let mode: 'open' | 'cut' | 'frozen' = 'open';
  let frozen: 'both' | 'there' | 'back' = 'both';
  let accepted = 0;
  const server = createServer((client) => {
    accepted += 1;
    if (mode === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const target = tcpConnect({ port: targetPort, host, ...(from && { localAddress: from }) });
    const pair = [client, target] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        for (const one of pair) one.destroy();
        pairs.delete(pair);
      });
    }
    const passes = (way: 'there' | 'back') =>
      mode === 'open' || (mode === 'frozen' && frozen !== 'both' && frozen !== way);
    client.on('data', (data) => passes('there') && target.write(data));
    target.on('data', (data) => passes('back') && client.write(data));
  });
  await new Promise<void>((resolve) => server.listen(listenPort, host, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  function dropAll(): void {
    for (const [client, target] of pairs) {
      client.resetAndDestroy();
      target.destroy();
    }
  }

  return {
    port: address.port,
    accepted: () => accepted,
    cut() {
      mode = 'cut';
      dropAll();
    },
    freeze(way = 'both') {
      frozen = way;
      mode = 'frozen';
    },
    // Bytes lost while frozen cannot be given back, so those connections are over.
    heal() {
      if (mode === 'frozen') dropAll();
      mode = 'open';
    },
    async close() {
      dropAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
