import { createServer, type Socket, connect as tcpConnect } from 'node:net';

/** How a network between two is, in each direction. */
export interface Shape {
  /** How long each byte takes, in milliseconds. */
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
  /** For how long nothing comes at this piece, as where TCP has to send a lost packet again. */
  readonly stallMs?: (piece: number) => number;
}

export interface TcpShape {
  readonly port: number;
  close(): Promise<void>;
}

/** Pieces as packets have them. */
const pieceBytes = 1400;
/** What is under way; the rest waits with who sends it. */
const mostUnderWay = 64 * 1024;

/** Passes what comes from one socket on to the other, in its order, as late as the shape says. */
function pass(from: Socket, to: Socket, { delayMs = 0, bytesPerSecond, stallMs }: Shape): void {
  const queue: { readonly piece: Buffer; readonly atMs: number }[] = [];
  let freeAtMs = 0;
  let underWay = 0;
  let pieces = 0;
  let timer: NodeJS.Timeout | undefined;

  function drain(): void {
    timer = undefined;
    const now = performance.now();
    while ((queue[0]?.atMs ?? Number.POSITIVE_INFINITY) <= now) {
      const { piece } = queue.shift() ?? { piece: Buffer.alloc(0) };
      underWay -= piece.length;
      to.write(piece);
    }
    if (underWay < mostUnderWay) from.resume();
    const next = queue[0];
    if (next !== undefined) timer = setTimeout(drain, Math.max(1, next.atMs - performance.now()));
  }

  from.on('data', (data: Buffer) => {
    for (let at = 0; at < data.length; at += pieceBytes) {
      const piece = data.subarray(at, at + pieceBytes);
      const takesMs = bytesPerSecond === undefined ? 0 : (piece.length / bytesPerSecond) * 1000;
      freeAtMs = Math.max(freeAtMs, performance.now()) + takesMs + (stallMs?.(pieces) ?? 0);
      pieces += 1;
      underWay += piece.length;
      queue.push({ piece, atMs: freeAtMs + delayMs });
    }
    if (underWay >= mostUnderWay) from.pause();
    if (timer === undefined) drain();
  });
  from.once('close', () => clearTimeout(timer));
}

/** A TCP hop like a long, narrow or lossy network. Listens at `host`; `from` is the address that the target sees. */
export async function startTcpShape(
  targetPort: number,
  shape: Shape,
  host = '127.0.0.1',
  from?: string,
): Promise<TcpShape> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const target = tcpConnect({
      ...{ port: targetPort, host, noDelay: true },
      ...(from && { localAddress: from }),
    });
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      open.add(socket);
      pass(socket, other, shape);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
