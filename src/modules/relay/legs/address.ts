import type { NetConnectOpts } from 'node:net';
import type { HaproxyAddress } from '../section/address.ts';

export function textOf(at: HaproxyAddress): string {
  return 'path' in at ? at.path : `${at.host}:${at.port}`;
}

export function connectOptions(at: HaproxyAddress): NetConnectOpts {
  return 'path' in at ? { path: at.path } : { host: at.host, port: at.port, noDelay: true };
}
