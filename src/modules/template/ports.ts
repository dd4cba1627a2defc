import { createServer } from 'node:net';
import {
  findSections,
  splitLines,
  tokenize,
  type Variables,
} from '../../config-text/config-text.ts';
import { AppError } from '../../errors.ts';

interface Listener {
  /** 1 for the first line. */
  readonly line: number;
  /** Empty: all addresses. */
  readonly host: string;
  readonly port: number;
}

/** Host and port of what a `bind` line names first; sockets, ranges and variables that are not known here are left out. */
const endpoint = /^(?:ipv[46]@)?\[?(?<host>[0-9a-fA-F.:]*|\*)\]?:(?<port>\d+)$/;

/** The `bind` lines of a configuration that name an address and a port. */
export function listenersOf(text: string, env: Variables): readonly Listener[] {
  const lines = splitLines(text);
  return findSections(lines).flatMap(({ keyword, start, end }) => {
    if (!/^(frontend|listen|peers)$/.test(keyword)) return [];
    return lines.slice(start + 1, end).flatMap((line, index) => {
      const [first, where] = tokenize(line, env);
      if (first?.text !== 'bind' || where === undefined) return [];
      return where.text.split(',').flatMap((each) => {
        const { host, port } = endpoint.exec(each)?.groups ?? {};
        if (host === undefined || port === undefined) return [];
        return [{ line: start + index + 2, host: host === '*' ? '' : host, port: Number(port) }];
      });
    });
  });
}

/** Those of `next` with a port on which HAProxy does not listen by `base`: for those that it has, it takes over from itself. */
export function newListeners(base: string, next: string, env: Variables): readonly Listener[] {
  const known = new Set(listenersOf(base, env).map(({ port }) => port));
  return listenersOf(next, env).filter(({ port }) => !known.has(port));
}

/** Whether somebody listens there: found out by listening for a moment. False also where that cannot be told. */
function isTaken({ host, port }: Listener): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    server.listen({ port, exclusive: true, host: host === '' ? '0.0.0.0' : host }, () => {
      server.close(() => resolve(false));
    });
  });
}

/** Throws `AppError` TEMPLATE_REJECTED for the first of `listeners` that somebody else has. In the pod, ports are HAProxy's and ours. */
export async function refuseTaken(listeners: readonly Listener[]): Promise<void> {
  for (const listener of listeners) {
    if (!(await isTaken(listener))) continue;
    const { line, host, port } = listener;
    const where = host === '' ? `port ${port}` : `${host} port ${port}`;
    throw new AppError(
      'TEMPLATE_REJECTED',
      `HAProxy could not bind ${where} (line ${line} of the rendered haproxy.cfg): another program listens there`,
    );
  }
}
