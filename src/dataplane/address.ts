import { UserError } from '../errors.ts';

/** Where the Data Plane API listens, ready for got. */
export interface DataplaneAddress {
  /** Without a trailing slash; `http://unix:/path:` for a unix socket. */
  readonly base: string;
  /** The same for people, without user and password. */
  readonly text: string;
}

const loopbackHosts = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Reads `http://127.0.0.1:5555`, `http://[::1]:5555`, `http://localhost:5555`, `unix:/path` and the form of the
 * tool we replace, `127.0.0.1:5555`. Whoever reaches the Data Plane API owns HAProxy, and basic auth over a
 * network is readable: anything but loopback throws `DATAPLANE_ADDRESS` unless `allowRemote`.
 */
export function parseDataplaneAddress(text: string, allowRemote = false): DataplaneAddress {
  const given = text.trim();
  if (given.startsWith('unix:')) return unixAddress(given.slice('unix:'.length));
  if (!given.includes('://')) return parseDataplaneAddress(`http://${given}`, allowRemote);
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw refused(withoutUser(given), 'it is neither http://HOST:PORT nor unix:/PATH');
  }
  if (url.username !== '' || url.password !== '') {
    throw refused(
      url.host,
      'it carries a user or password, which belong in --user and the password file',
    );
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw refused(given, 'it has a path: give scheme, host and port only');
  }
  if (!allowRemote && !loopbackHosts.test(url.hostname)) {
    throw refused(url.origin, 'it is not on the loopback');
  }
  return { base: url.origin, text: url.origin };
}

function unixAddress(rest: string): DataplaneAddress {
  const path = rest.startsWith('///') ? rest.slice(2) : rest;
  if (!path.startsWith('/') || path.includes(':')) {
    throw refused(`unix:${rest}`, 'a socket needs an absolute path without a colon');
  }
  return { base: `http://unix:${path}:`, text: `unix:${path}` };
}

function withoutUser(text: string): string {
  return text.replace(/\/\/[^@]*@/, '//');
}

function refused(address: string, why: string): UserError {
  return new UserError('DATAPLANE_ADDRESS', `Data Plane API address "${address}" refused: ${why}`);
}
