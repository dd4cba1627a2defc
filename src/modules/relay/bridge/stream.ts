import type { Socket } from 'node:net';
import { startTimer } from '../../../clock.ts';
import type { ByteStream } from '../legs/byte-stream.ts';

/** A connection with HAProxy of another pod, which is read only while somebody takes what comes. */
export interface PlainStream extends ByteStream {
  /** Nothing more is read; what was written before is still sent. */
  end(): void;
  /** It was closed, by whomever. Never rejects. */
  readonly closed: Promise<string>;
}

/** For what was written last to be sent, in milliseconds. */
const farewellMs = 1000;

/** `first`: what was read of it before. */
export function streamOf(socket: Socket, first: Buffer): PlainStream {
  let take: ((chunk: Buffer) => void) | null = null;
  let drained = () => {};
  let paused = false;
  let ended = false;
  let why =
    'HAProxy of the other pod has ended the session, as it does when it is reloaded or stopped';
  let early = first;

  function flow(): void {
    if (take !== null && !paused && !ended && early.length > 0) {
      const chunk = early;
      early = Buffer.alloc(0);
      take(chunk);
    }
    // Who has taken it may have paused.
    if (take === null || paused || ended) socket.pause();
    else socket.resume();
  }

  socket.pause();
  socket.on('data', (chunk: Buffer) => {
    if (ended) return;
    if (take !== null && !paused && early.length === 0) take(chunk);
    else {
      early = Buffer.concat([early, chunk]);
      socket.pause();
    }
  });
  socket.on('drain', () => drained());
  socket.on('error', (error) => {
    if (!ended) why = error.message;
  });
  const closed = new Promise<string>((resolve) => {
    socket.once('close', () => resolve(why));
    if (socket.destroyed) resolve(why);
  });

  return {
    closed,
    write: (chunk) => socket.write(chunk),
    onDrain(act) {
      drained = act;
    },
    onData(receiver) {
      take = receiver;
      flow();
    },
    pause() {
      paused = true;
      flow();
    },
    resume() {
      paused = false;
      flow();
    },
    end() {
      if (ended) return;
      ended = true;
      why = 'closed by the sidecar';
      // What still comes is thrown away, so that the end of the other side is seen.
      socket.removeAllListeners('data');
      socket.resume();
      socket.end();
      const stop = startTimer(() => socket.destroy(), farewellMs);
      socket.once('close', stop);
    },
  };
}
