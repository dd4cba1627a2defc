import { createServer, type Socket } from 'node:net';

/** Writes until the other side is gone; `pauseMs` apart. */
function endless(socket: Socket, chunk: string | Buffer, pauseMs = 0): void {
  const write = () => {
    if (socket.destroyed) return;
    const full = !socket.write(chunk);
    if (pauseMs > 0) setTimeout(write, pauseMs).unref();
    else if (full) socket.once('drain', write);
    else setImmediate(write);
  };
  write();
}

const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

function body(text: string | Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`${head}content-length: ${text.length}\r\n\r\n`),
    Buffer.from(text),
  ]);
}

const mebibytes8 = 8 * 1024 * 1024;

/** A status whose list `field` is as long as 8 MiB allow. */
export function hugeStatus(field: 'peers' | 'tables', item: string): string {
  const count = Math.floor(mebibytes8 / (item.length + 1));
  return `{"name":"x","resync":"alone","${field}":[${Array(count).fill(item).join()}]}`;
}

/** What somebody who means harm may answer to `GET /status`; HAProxy and the sidecar never do. */
export const hostileStatus = {
  'a list of 8 MiB': (socket) => socket.write(body(hugeStatus('peers', '{}'))),
  'half a MiB of wrong items': (socket) =>
    socket.write(body(`{"peers":[${Array(200_000).fill(1).join()}]}`)),
  'lists in lists in lists': (socket) => socket.write(body('['.repeat(500_000))),
  'objects in objects': (socket) =>
    socket.write(body(`${'{"a":'.repeat(80_000)}1${'}'.repeat(80_000)}`)),
  'a body without an end': (socket) => {
    socket.write(`${head}\r\n`);
    endless(socket, 'x'.repeat(65_536));
  },
  'chunks without an end': (socket) => {
    socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
    endless(socket, `10000\r\n${'x'.repeat(65_536)}\r\n`);
  },
  'a letter now and then': (socket) => {
    socket.write(`${head}\r\n`);
    endless(socket, ' ', 50);
  },
  'headers without an end': (socket) => {
    socket.write(head);
    endless(socket, `x-more: ${'x'.repeat(1000)}\r\n`);
  },
  'a header letter now and then': (socket) => {
    socket.write(head);
    endless(socket, 'x', 50);
  },
  'informational answers without an end': (socket) =>
    endless(socket, 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)),
  'something that is packed': (socket) =>
    socket.write(
      Buffer.concat([
        Buffer.from(`${head}content-encoding: gzip\r\nconnection: close\r\n\r\n`),
        // The first bytes of a stream that unpacks to far more than was sent.
        Buffer.from('1f8b0800000000000003edc1010d000000c2a0f74f6d0e37a00000000000', 'hex'),
      ]),
    ),
  'another address to ask': (socket) =>
    socket.write('HTTP/1.1 302 Found\r\nlocation: /status?again\r\ncontent-length: 0\r\n\r\n'),
  'nothing at all': () => {},
  'an end at once': (socket) => socket.destroy(),
} as const satisfies Readonly<Record<string, (socket: Socket) => void>>;

export interface HostileServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Answers the first bytes of each connection so. */
export async function hostileServer(
  host: string,
  port: number,
  answer: (socket: Socket) => void,
): Promise<HostileServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', () => {
      socket.resume();
      answer(socket);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** An endless answer to a hello, without a line break. */
export const endlessHello = (socket: Socket): void => endless(socket, 'x'.repeat(65_536));
