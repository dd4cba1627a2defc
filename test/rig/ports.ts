import { createServer } from 'node:net';
import { freePort } from '../helpers/ports.ts';
import { defaultPorts, type ReplicaPorts } from './replica.ts';

function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/**
 * The usual ports, or others 10,000 higher where something else listens. HAProxy binds with SO_REUSEPORT: two demos
 * on one address would share the connections instead of failing.
 */
export async function choosePorts(network: string, addresses: number): Promise<ReplicaPorts> {
  for (const shift of [0, 10_000, 20_000, 30_000, 40_000]) {
    const { peers, api, web, probe, relay } = defaultPorts;
    const ports = {
      peers: peers + shift,
      api: api + shift,
      web: web + shift,
      probe: probe + shift,
      relay: relay + shift,
    };
    const hosts = Array.from({ length: addresses }, (_, index) => `${network}.${index + 1}`);
    const checks = hosts.flatMap((host) => Object.values(ports).map((port) => isFree(host, port)));
    if ((await Promise.all(checks)).every(Boolean)) return ports;
  }
  throw new Error(
    `Nothing can listen on ${network}.1 and after: taken, or not on this machine's loopback. Give --network.`,
  );
}

/** For one replica on an address that others use too. */
export async function freePorts(host: string): Promise<ReplicaPorts> {
  const five = await Promise.all(Array.from({ length: 5 }, () => freePort(host)));
  const [peers = 0, api = 0, web = 0, probe = 0, relay = 0] = five;
  return { peers, api, web, probe, relay };
}
