import { parseEndpoint } from '../../../config-text/address.ts';

/** Where HAProxy listens for its sidecar: a unix socket, or a port of the loopback. */
export type HaproxyAddress =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

/** As `bind` and `server` lines have it. */
export function formatAddress(at: HaproxyAddress): string {
  return 'path' in at ? `unix@${at.path}` : `${at.host}:${at.port}`;
}

/** Null: it is something else, or not known here. */
export function parseAddress(text: string): HaproxyAddress | null {
  const path = /^(?:unix@)?(\/.*)$/.exec(text)?.[1];
  if (path !== undefined) return { path };
  const endpoint = parseEndpoint(text);
  return endpoint === undefined ? null : { host: endpoint.address, port: endpoint.port };
}

/** Whether only this pod gets there. */
export function isLocal(at: HaproxyAddress): boolean {
  return 'path' in at || at.host === '::1' || /^127\./.test(at.host);
}
