import { connect } from 'node:net';
import type { HelloOutcome } from '../model/hello.ts';

export interface HelloOptions {
  readonly address: string;
  readonly port: number;
  readonly siblingName: string;
  readonly ownName: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Status lines of the peers protocol (haproxy src/peers.c, PEER_SESS_SC_*). */
const answers: Readonly<Record<string, HelloOutcome>> = {
  200: 'known',
  300: 'busy',
  503: 'wrong-name',
  504: 'unknown-to-it',
};

/** Errors that say that nobody listens there, as opposed to silence. */
const refusals: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/**
 * The first lines of the peers protocol, as a HAProxy of our name would send them: tells whether the sibling
 * has our name in its peers section. A `known` opens a session on its side, closed at once. Never throws.
 */
export function hello(options: HelloOptions): Promise<HelloOutcome> {
  return new Promise((resolve) => {
    const { address, port, siblingName, ownName, signal } = options;
    if (signal.aborted) return resolve('no-answer');
    const socket = connect({ host: address, port });
    let text = '';

    function finish(answer: HelloOutcome): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', silent);
      socket.destroy();
      resolve(answer);
    }
    function silent(): void {
      finish('no-answer');
    }

    const timer = setTimeout(silent, options.timeoutMs);
    signal.addEventListener('abort', silent, { once: true });
    socket.on('connect', () => {
      socket.write(`HAProxyS 2.1\n${siblingName}\n${ownName} 1 1\n`);
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.includes('\n')) finish(answers[text.slice(0, 3)] ?? 'no-answer');
    });
    // Somebody runs there: a `bind … ssl` ends a plain connection without a word (seen with 2.6, 3.0, 3.4), and so
    // does a listener whose section is not yet served. To start as if it did not run could leave us unknown to it.
    socket.on('end', silent);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      finish(refusals.has(error.code ?? '') ? 'refused' : 'no-answer');
    });
  });
}
