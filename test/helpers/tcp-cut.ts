import { createServer, type Socket, connect as tcpConnect } from 'node:net';

/** A TCP hop that a test can cut: the fault is real for both ends, and only this client feels it. */
export interface TcpCut {
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: () => number;
  /** Resets what is open and refuses what comes. */
  cut(): void;
  /** Keeps everything open and passes nothing on, as a network that drops packets. */
  freeze(): void;
  heal(): void;
  close(): Promise<void>;
}

export async function startTcpCut(targetPort: number): Promise<TcpCut> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let mode: 'open' | 'cut' | 'frozen' = 'open';
  let accepted = 0;
  const server = createServer((client) => {
    accepted += 1;
    if (mode === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const target = tcpConnect(targetPort, '127.0.0.1');
    const pair = [client, target] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        for (const one of pair) one.destroy();
        pairs.delete(pair);
      });
    }
    client.on('data', (data) => mode === 'open' && target.write(data));
    target.on('data', (data) => mode === 'open' && client.write(data));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
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
    freeze() {
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
