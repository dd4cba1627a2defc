import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { ByteStream } from '../../src/modules/relay/legs/byte-stream.ts';

/** A socket as a link without greeting and keys. */
export function streamOf(socket: Socket): ByteStream {
  socket.setNoDelay(true);
  socket.on('error', () => {});
  return {
    write: (chunk) => socket.write(chunk),
    onDrain: (act) => void socket.on('drain', act),
    onData: (take) => void socket.on('data', take).resume(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
}

/** Waits for one connection to this port of loopback. */
export async function accept(port: number): Promise<Socket> {
  const server = createServer({ pauseOnConnect: true }).listen(port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  server.close();
  return socket;
}

/** Connects to this port of loopback, as soon as somebody listens. */
export async function dial(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect({ host: '127.0.0.1', port });
    const up = await Promise.race([
      once(socket, 'connect').then(
        () => true,
        () => false,
      ),
      once(socket, 'close').then(() => false),
    ]);
    if (up) return socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
