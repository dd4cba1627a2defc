import { isPlainPath, quoted } from './names.ts';

/** Where the Data Plane API listens, ready for got. */
export interface DataplaneAddress {
  /** Without a trailing slash; `http://unix:/path:` for a unix socket. */
  readonly base: string;
  /** The same for people, without user and password. */
  readonly text: string;
  /**
   * Whether it is a unix socket or on the loopback: anybody who reaches the API controls HAProxy, and basic
   * authentication over a network is readable.
   */
  readonly isLocal: boolean;
  readonly listen: { readonly socket: string } | { readonly host: string; readonly port: number };
}

export type ParsedAddress = { readonly value: DataplaneAddress } | { readonly problem: string };

/** A URL takes quotes, `$`, `(` and `;` in a host, too. */
const hosts = /^(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]+\])$/;

const loopbackHosts = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Reads `http://127.0.0.1:5555`, `http://[::1]:5555`, `http://localhost:5555`, `unix:/path` and the form of the
 * tool we replace, `127.0.0.1:5555`. A problem is to be read after the option's name, and never repeats a password.
 */
export function parseDataplaneAddress(text: string): ParsedAddress {
  const given = text.trim();
  if (given.startsWith('unix:')) return unixAddress(given.slice('unix:'.length));
  if (!given.includes('://')) return parseDataplaneAddress(`http://${given}`);
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (given.includes('@')) {
    return {
      problem:
        'carries a user or password, which belong in --dataplane-user and --dataplane-password-file (it is not shown)',
    };
  }
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return { problem: `${quoted(given)} is neither http://HOST:PORT nor unix:/PATH` };
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return { problem: `${quoted(given)} has a path: give only scheme, host and port` };
  }
  const { origin, hostname, port } = url;
  if (!hosts.test(hostname)) {
    return { problem: `${quoted(given)} has a host that is neither a DNS name nor an IP address` };
  }
  const listen = { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port) };
  return {
    value: { base: origin, text: origin, isLocal: loopbackHosts.test(hostname), listen },
  };
}

function unixAddress(rest: string): ParsedAddress {
  const path = rest.startsWith('///') ? rest.slice(2) : rest;
  if (!path.startsWith('/') || !isPlainPath(path)) {
    return {
      problem: `${quoted(`unix:${rest}`)} is no socket: give an absolute path of letters, digits and "/._+=@~-", which a URL and every program that reads it understand`,
    };
  }
  return {
    value: {
      base: `http://unix:${path}:`,
      text: `unix:${path}`,
      isLocal: true,
      listen: { socket: path },
    },
  };
}
