import { connect } from 'node:net';
import { startTimer } from '../clock.ts';
import { AppError, RemoteError } from '../errors.ts';

export interface CommandOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Lines that the command takes (`<<`); an empty one would end them, and the rest be commands. */
  readonly payload?: string;
}

/** An answer longer than this is none of ours: `show peers` of 1,000 peers and ten tables is about 10 MB. */
const answerLimit = 256 * 1024 * 1024;

/**
 * One command, one answer, over a unix socket of HAProxy (stats socket, master socket): HAProxy closes the
 * connection after the answer (management manual §9.3). `RemoteError` HAPROXY_UNREACHABLE when nobody
 * answers in time (default 5 s). `AppError` BUG for a text that HAProxy would read as more than this command.
 */
export function command(
  path: string,
  line: string,
  { timeoutMs = 5000, signal, payload }: CommandOptions = {},
): Promise<string> {
  if (/[\0\r\n]/.test(line) || (payload !== undefined && /^\s*$/m.test(payload.trimEnd())))
    return Promise.reject(new AppError('BUG', 'a command for HAProxy is more than one command'));
  const text = payload === undefined ? line : `${line} <<\n${payload.trimEnd()}\n`;
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const chunks: Buffer[] = [];
    let size = 0;

    function fail(why: string, cause?: unknown): void {
      socket.destroy();
      const message = `${path} did not answer "${line.split(' ').slice(0, 2).join(' ')}": ${why}`;
      reject(new RemoteError('HAPROXY_UNREACHABLE', message, { retryable: true, cause }));
    }
    function aborted(): void {
      fail('stopped', signal?.reason);
    }

    const stopTimer = startTimer(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    socket.on('close', () => {
      stopTimer();
      signal?.removeEventListener('abort', aborted);
    });
    signal?.addEventListener('abort', aborted, { once: true });
    if (signal?.aborted) return aborted();
    // The master's socket stays open after an answer: end our side, as socat does.
    socket.on('connect', () => socket.end(`${text}\n`));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > answerLimit) fail('the answer does not end');
    });
    socket.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    socket.on('error', (error) => fail(error.message, error));
  });
}
