import { connect } from 'node:net';
import { startTimer } from '../../clock.ts';

/** Whether somebody accepts connections there. Nothing is sent. Never throws. */
export function lookAtPort(
  { address, port }: { readonly address: string; readonly port: number },
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<'known' | 'refused' | 'no-answer'> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve('no-answer');
    const socket = connect({ host: address, port });
    function finish(outcome: 'known' | 'refused' | 'no-answer'): void {
      stopTimer();
      signal.removeEventListener('abort', silent);
      socket.destroy();
      resolve(outcome);
    }
    function silent(): void {
      finish('no-answer');
    }
    const stopTimer = startTimer(silent, timeoutMs);
    signal.addEventListener('abort', silent, { once: true });
    socket.on('connect', () => finish('known'));
    socket.on('error', () => finish('refused'));
  });
}
