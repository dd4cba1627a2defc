import { firstId } from '../../src/modules/backends/endpoints/server-id.ts';
import type { WantedBackend, WantedServer } from '../../src/modules/backends/server.ts';

/** A server as the module wants it: `app-1` has 10.9.0.1:80. */
export function server(name: string, part: Partial<WantedServer> = {}): WantedServer {
  const last = Number(/\d+$/.exec(name)?.[0] ?? 0) % 256;
  const address = `10.9.0.${last}`;
  const weight = part.state === 'drain' ? 0 : 1;
  return { name, id: firstId(name), address, port: 80, weight, state: 'up', ...part };
}

export function backend(servers: readonly WantedServer[], name = 'app'): WantedBackend {
  return { name, servers };
}
