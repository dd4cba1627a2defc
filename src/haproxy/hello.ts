import { connect, isIP, type Socket } from 'node:net';
import { startTimer } from '../clock.ts';
import type { HelloOutcome } from '../model/hello.ts';
import { isHaproxyName } from '../model/names.ts';
import { connectTls, type HelloTls } from './connect-tls.ts';

export interface HelloOptions {
  /** A unix socket, in place of address and port. */
  readonly path?: string;
  readonly address: string;
  readonly port: number;
  readonly siblingName: string;
  readonly ownName: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly tls?: HelloTls | undefined;
}

/** Status lines of the peers protocol (haproxy src/peers.c, PEER_SESS_SC_*). */
const answers: Readonly<Record<string, HelloOutcome>> = {
  200: 'known',
  300: 'busy',
  503: 'wrong-name',
  504: 'unknown-to-it',
};

/** Errors that say that no program listens there, as opposed to silence. */
const refusals: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** An answer is a number and a line break. A program that sends more than this is no HAProxy. */
const answerLimit = 256;

function open({ path, address: host, port, tls }: HelloOptions): Socket {
  if (path !== undefined) return connect({ path });
  return tls === undefined ? connect({ host, port }) : connectTls({ host, port }, tls);
}

/**
 * The first lines of the peers protocol, as a HAProxy of our name would send them: tells whether the sibling
 * has our name in its peers section. A `known` opens a session on its side, closed at once. Never throws.
 * Nothing is sent to what is no peer: a name with a line break would be lines of its own.
 */
export function hello(options: HelloOptions): Promise<HelloOutcome> {
  return new Promise((resolve) => {
    const { siblingName, ownName, signal, tls, path } = options;
    const hasPlace = path !== undefined || isIP(options.address) !== 0;
    const isPeer = [siblingName, ownName].every(isHaproxyName) && hasPlace;
    if (signal.aborted || !isPeer) return resolve('no-answer');
    let socket: Socket;
    try {
      socket = open(options);
    } catch {
      // A certificate or key that cannot be used; what the library says could quote it.
      return resolve('tls-failed');
    }
    let connected = false;
    let text = '';

    function finish(answer: HelloOutcome): void {
      stopTimer();
      signal.removeEventListener('abort', silent);
      socket.destroy();
      resolve(answer);
    }
    function silent(): void {
      finish('no-answer');
    }

    const stopTimer = startTimer(silent, options.timeoutMs);
    signal.addEventListener('abort', silent, { once: true });
    socket.on('connect', () => {
      connected = true;
    });
    socket.on(tls === undefined ? 'connect' : 'secureConnect', () => {
      socket.write(`HAProxyS 2.1\n${siblingName}\n${ownName} 1 1\n`);
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1', 0, answerLimit);
      if (text.includes('\n')) finish(answers[text.slice(0, 3)] ?? 'no-answer');
      else if (text.length >= answerLimit) silent();
    });
    // Somebody runs there: a `bind … ssl` ends a plain connection without a word (seen with 2.6, 3.0, 3.4), and so
    // does a listener whose section is not yet served. To start as if it did not run could leave us unknown to it.
    socket.on('end', silent);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // With TLS 1.3 a certificate is refused after the handshake, and the hello on its way makes it a reset.
      if (tls !== undefined && connected) finish('tls-failed');
      // A unix socket is not there, or not for us: there is no network in between.
      else finish(path !== undefined || refusals.has(error.code ?? '') ? 'refused' : 'no-answer');
    });
  });
}
