import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { connectSecure, keyOf, secureAccepted } from '../../../src/modules/relay/links/secure.ts';
import { accept } from '../../rig/relay-link.ts';

/** Without anything of a sidecar: `feed` writes, `pass` reads and writes it to TLS, `take` throws it away. */
const [, , role, path = '', port = '', bytes = '', restMs = ''] = process.argv;
const key = keyOf(Buffer.alloc(32, 1));
const signal = new AbortController().signal;

async function dialled(): Promise<Socket> {
  for (;;) {
    try {
      return await connectSecure({ host: '127.0.0.1', port: Number(port) }, key, signal);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

if (role === 'feed') {
  const chunk = Buffer.alloc(Number(bytes));
  createServer((socket) => {
    const timer = setInterval(() => socket.write(chunk), 1);
    socket.on('close', () => clearInterval(timer)).on('error', () => {});
  }).listen(path, () => process.send?.('up'));
} else if (role === 'take') {
  process.send?.('up');
  (await secureAccepted(await accept(Number(port)), [key])).resume();
} else {
  const out = await dialled();
  const buffer = Buffer.allocUnsafeSlow(64 * 1024);
  const read = (size: number) => {
    out.write(Buffer.from(buffer.subarray(0, size)));
    setTimeout(() => source.resume(), Number(restMs));
    return false;
  };
  const source = connect({ path, onread: { buffer, callback: read } });
  await once(source, 'connect');
  process.on('message', () => process.send?.(process.cpuUsage()));
  process.send?.('up');
}
