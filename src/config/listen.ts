import { isIP } from 'node:net';

export interface Listen {
  /** Empty: all addresses. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly text: string;
}

/** Reads `:8405`, `127.0.0.1:8405` or `[::1]:8405`; undefined where it is none of them. */
export function parseListen(text: string): Listen | undefined {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[^:]*)):(?<port>\d{1,5})$/.exec(text);
  const host = match?.groups?.v6 ?? match?.groups?.v4 ?? '';
  const port = Number(match?.groups?.port ?? Number.NaN);
  if (!(port >= 0 && port <= 65_535)) return undefined;
  return host === '' || isIP(host) !== 0 ? { host, port, text } : undefined;
}

/** Where this machine reaches who listens like that: the one address, or the loopback where it is all of them. */
export function reachedAt({ host }: Listen): string {
  if (host === '' || host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
