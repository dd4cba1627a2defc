import type { Socket, TcpSocketConnectOpts } from 'node:net';
import { startTimer } from '../../../clock.ts';
import { errorMessage } from '../../../errors.ts';
import { readStatus } from '../legs/status.ts';
import type { Trust } from '../links/trust.ts';
import { helloText } from '../wire/messages.ts';
import { type Hello, readHello } from './hello.ts';

/** For the connection, TLS included, and again for the greeting, in milliseconds. */
export const handshakeMs = 3000;

export type Failed = { readonly kind: 'failed'; readonly why: string };

/**
 * Reads until `understand` has an answer, and stops reading then. Whatever goes wrong closes the socket; it never throws, and
 * has a limit of time. `understand` limits the bytes.
 */
function readUntil<T>(
  socket: Socket,
  understand: (bytes: Buffer) => T | null,
  signal: AbortSignal,
): Promise<T | Failed> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);

    function finish(result: T | Failed, keep: boolean): void {
      stopTimer();
      signal.removeEventListener('abort', aborted);
      socket.removeListener('data', read);
      socket.removeListener('close', closed);
      if (keep) socket.pause();
      else socket.destroy();
      resolve(result);
    }
    function fail(why: string): void {
      finish({ kind: 'failed', why }, false);
    }
    function aborted(): void {
      fail('given up');
    }
    function closed(): void {
      fail('the connection was closed before an answer');
    }
    function read(chunk: Buffer): void {
      bytes = Buffer.concat([bytes, chunk]);
      const result = understand(bytes);
      if (result !== null) finish(result, true);
    }

    const stopTimer = startTimer(() => fail(`nothing complete in ${handshakeMs} ms`), handshakeMs);
    signal.addEventListener('abort', aborted, { once: true });
    socket.on('error', (error) => fail(error.message));
    socket.on('close', closed);
    socket.on('data', read);
    if (signal.aborted) aborted();
  });
}

export type Heard = Exclude<Hello, { readonly kind: 'more' }> & { readonly bytes: Buffer };

/** What who has connected says first. The socket is not read any more then. */
export function hearHello(socket: Socket, signal: AbortSignal): Promise<Heard | Failed> {
  const understand = (bytes: Buffer) => {
    const hello = readHello(bytes);
    return hello.kind === 'more' ? null : { ...hello, bytes };
  };
  return readUntil<Heard>(socket, understand, signal);
}

export type Called =
  /** It has answered 200; `first`: what it has sent behind that. */
  { readonly kind: 'up'; readonly socket: Socket; readonly first: Buffer } | Failed;

/** Within the time of a handshake, and before `signal` aborts; `end` is called where it is too late. */
async function limited(
  act: (signal: AbortSignal) => Promise<Socket>,
  signal: AbortSignal,
  end: () => void = () => {},
): Promise<Socket | Failed> {
  const late = new AbortController();
  const stopTimer = startTimer(() => {
    late.abort();
    end();
  }, handshakeMs);
  try {
    return await act(AbortSignal.any([signal, late.signal]));
  } catch (error) {
    const why = late.signal.aborted ? `no connection in ${handshakeMs} ms` : errorMessage(error);
    return { kind: 'failed', why };
  } finally {
    stopTimer();
  }
}

/** Who has connected, after TLS where that is asked for. The socket is closed where it fails. Never throws. */
export function welcome(raw: Socket, trust: Trust, signal: AbortSignal): Promise<Socket | Failed> {
  return limited(
    () => trust.accept(raw),
    signal,
    () => raw.destroy(),
  );
}

/** Connects to HAProxy of another pod under our name. Never throws. */
export async function callHaproxy(
  to: TcpSocketConnectOpts,
  names: { readonly theirs: string; readonly own: string },
  trust: Trust,
  signal: AbortSignal,
): Promise<Called> {
  const [way] = await trust.ways();
  if (way === undefined) return { kind: 'failed', why: 'there is nothing that we could show' };
  const socket = await limited((stop) => way.connect(to, stop), signal);
  if ('kind' in socket) return socket;
  socket.setNoDelay(true);
  socket.write(helloText(names.theirs, names.own));
  const understand = (bytes: Buffer): Called | null => {
    const answer = readStatus(bytes);
    if (answer.kind === 'more') return null;
    if (answer.kind === 'refused') return { kind: 'failed', why: answer.why };
    return { kind: 'up', socket, first: bytes.subarray(answer.rest) };
  };
  const called = await readUntil<Called>(socket, understand, signal);
  if (called.kind === 'failed') socket.destroy();
  return called;
}
