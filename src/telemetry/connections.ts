import { STATUS_CODES } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { monotonicNow, repeat, wallNow } from '../clock.ts';
import { headEnd, maxHeadBytes, parseHead, type Request } from './request.ts';

/** What goes back. A body that several get is one buffer. */
export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
  readonly vary?: string;
}

export interface ConnectionLimits {
  /**
   * Connections at the same time. A further one closes the oldest, so that a new connection, which may be a probe, is
   * always accepted.
   */
  readonly connections: number;
  /** From its start to its end, in milliseconds: slow senders, slow readers and the idle alike. */
  readonly lifetimeMs: number;
  /** Read and thrown away behind the first request: a body, or more requests. */
  readonly excessBytes: number;
}

export const defaultLimits: ConnectionLimits = {
  connections: 256,
  lifetimeMs: 10_000,
  excessBytes: 64 * 1024,
};

export function textReply(status: number, text: string): Reply {
  return { status, type: 'text/plain; charset=utf-8', body: Buffer.from(text) };
}

/** Why a connection was ended before its answer was read: too many others, too long, too much sent. */
export type Ended = 'crowded' | 'slow' | 'excess';

export interface ConnectionOptions {
  readonly limits?: ConnectionLimits;
  readonly onEnded?: ((why: Ended) => void) | undefined;
}

export interface Connections {
  readonly server: Server;
  endAll(): void;
}

/**
 * A minimal HTTP/1.1 server with one request for each connection. It is not Node's server, because that cannot be
 * limited to one request: it parses everything that it has read, and keeps a request and a response for each (24.21,
 * lib/_http_server.js, `parserOnIncoming`). 64 KiB of `GET /metrics` are 1,800 requests, and `maxRequestsPerSocket`
 * answers each with a 503. Its limit of connections refuses the newest, which may be the probe. Here a connection
 * costs the head of one request, and the newest is accepted.
 */
export function createConnections(
  answer: (request: Request) => Reply | Promise<Reply>,
  { limits = defaultLimits, onEnded = () => {} }: ConnectionOptions = {},
): Connections {
  /** From the oldest to the youngest, with when they began. */
  const open = new Map<Socket, number>();

  /** Nobody is looked at where nobody is connected. */
  let stopLooking = () => {};

  function end(socket: Socket, why: Ended): void {
    onEnded(why);
    open.delete(socket);
    socket.destroy();
  }

  function endSlow(): void {
    for (const [socket, sinceMs] of open) {
      if (monotonicNow() - sinceMs < limits.lifetimeMs) break;
      end(socket, 'slow');
    }
  }

  // A client may end its side with the request, as nc does, and still waits for the answer.
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const [oldest] = open.keys();
    if (oldest !== undefined && open.size >= limits.connections) end(oldest, 'crowded');
    if (open.size === 0) {
      stopLooking();
      stopLooking = repeat(endSlow, Math.min(1000, limits.lifetimeMs / 2));
    }
    open.set(socket, monotonicNow());
    socket.once('close', () => {
      open.delete(socket);
      if (open.size === 0) stopLooking();
    });
    socket.on('error', () => socket.destroy());
    serve(socket, answer, limits.excessBytes, () => end(socket, 'excess'));
  });
  return {
    server,
    endAll() {
      for (const socket of open.keys()) socket.destroy();
    },
  };
}

/** Reads the head of one request, answers it, and throws the rest away. */
function serve(
  socket: Socket,
  answer: (request: Request) => Reply | Promise<Reply>,
  excessBytes: number,
  tooMuch: () => void,
): void {
  let head = '';
  let bytes = 0;
  let begun = false;
  // An answer that is still being made when a connection has ended must not keep what belongs to it.
  let still: Socket | undefined = socket;
  socket.once('close', () => {
    still = undefined;
  });

  function send(reply: Reply, withBody = true): void {
    if (still === undefined || still.destroyed) return;
    still.cork();
    still.write(headOf(reply), 'latin1');
    if (withBody) still.write(reply.body);
    still.end();
    still.uncork();
  }

  function begin(request: Request | undefined): void {
    if (request === undefined) {
      send(textReply(400, 'no request of HTTP/1.1\n'));
      return;
    }
    const withBody = request.method !== 'HEAD';
    const { path } = request;
    const failed = () => send(textReply(500, `${path.slice(1)} failed\n`), withBody);
    try {
      const reply = answer(request);
      if (reply instanceof Promise) reply.then((made) => send(made, withBody), failed);
      else send(reply, withBody);
    } catch {
      failed();
    }
  }

  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxHeadBytes + excessBytes) tooMuch();
    if (begun) return;
    const from = Math.max(0, head.length - 3);
    head += chunk.toString('latin1', 0, maxHeadBytes);
    const end = headEnd(head, from);
    begun = end !== -1 || head.length >= maxHeadBytes;
    if (end !== -1) begin(parseHead(head.slice(0, end)));
    else if (begun) send(textReply(431, 'the head of the request is too long\n'));
    if (begun) head = '';
  });
  socket.once('end', () => {
    if (!begun) socket.destroy();
  });
}

function headOf({ status, type, body, vary }: Reply): string {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `content-type: ${type}`,
    `content-length: ${body.length}`,
    'cache-control: no-store',
    ...(vary === undefined ? [] : [`vary: ${vary}`]),
    ...(status === 405 ? ['allow: GET, HEAD'] : []),
    `date: ${new Date(wallNow()).toUTCString()}`,
    'connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
