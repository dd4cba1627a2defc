import { once } from 'node:events';
import type { Socket } from 'node:net';
import { everySecond, monotonicNow } from '../../../src/clock.ts';
import type { ByteStream } from '../../../src/modules/relay/legs/byte-stream.ts';
import { connectSecure, keyOf, secureAccepted } from '../../../src/modules/relay/links/secure.ts';
import { createWire } from '../../../src/modules/relay/links/wire.ts';
import { accept, dial, streamOf } from '../../rig/relay-link.ts';

/** `tls`: as a sidecar has it, but for the greeting. `tcp`: bytes alone. */
export type LinkKind = 'tls' | 'tcp';

/** Between two relays on loopback. */
export interface BenchLink {
  readonly stream: ByteStream;
  /** Tells the other side that the own leg is up. */
  tell(): void;
  /** The other side has told. */
  told(): Promise<unknown>;
}

const key = keyOf(Buffer.alloc(32, 1));
const signal = new AbortController().signal;

function plain(socket: Socket): BenchLink {
  return {
    stream: streamOf(socket),
    tell: () => void socket.write('1'),
    async told() {
      while (socket.read(1) === null) await once(socket, 'readable');
      socket.removeAllListeners('readable');
    },
  };
}

function secure(socket: Socket): BenchLink {
  socket.setNoDelay(true);
  const wire = createWire(socket, { control: () => {}, ended: () => {} }, monotonicNow);
  wire.trust();
  everySecond(() => {
    wire.ping();
    wire.look();
  });
  return {
    stream: wire,
    tell: () => wire.sendMessage('up'),
    told: () => new Promise((resolve) => wire.onMessage(resolve)),
  };
}

/** Dials until somebody listens at this port, or waits for who dials. */
export async function linkAt(port: number, dials: boolean, kind: LinkKind): Promise<BenchLink> {
  if (kind === 'tcp') return plain(await (dials ? dial(port) : accept(port)));
  if (!dials) return secure(await secureAccepted(await accept(port), [key]));
  for (;;) {
    try {
      return secure(await connectSecure({ host: '127.0.0.1', port }, key, signal));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
