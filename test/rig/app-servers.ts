import { createServer, type Server } from 'node:http';

export interface AppServers {
  readonly port: number;
  /** Addresses that listen now. */
  start(address: string): Promise<void>;
  /** No new connections; what is in progress is answered, and connections that wait for a request are closed. */
  stop(address: string): Promise<void>;
  /** Requests that each address has answered. */
  readonly answered: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/** HTTP servers on addresses of 127/8, all on one port, each of which answers with its address and port. */
export function createAppServers(port: number, delayMs = 0): AppServers {
  const servers = new Map<string, Server>();
  const answered = new Map<string, number>();
  async function stop(address: string): Promise<void> {
    const server = servers.get(address);
    servers.delete(address);
    if (server === undefined) return;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeIdleConnections();
    });
  }
  return {
    port,
    answered,
    async start(address) {
      const server = createServer((_, answer) => {
        answered.set(address, (answered.get(address) ?? 0) + 1);
        setTimeout(() => answer.end(`${address}:${port}`), delayMs);
      });
      server.keepAliveTimeout = 60_000;
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, address, resolve);
      });
      servers.set(address, server);
    },
    stop,
    async close() {
      await Promise.all([...servers.keys()].map(stop));
    },
  };
}
