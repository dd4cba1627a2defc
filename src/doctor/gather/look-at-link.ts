import type { HelloOutcome } from '../../model/hello.ts';
import type { Trust } from '../../modules/relay/links/trust.ts';
import { lookAtPort } from './look-at-port.ts';
import { answerMs } from './looked.ts';

/**
 * Whether the sidecar there takes what ours would show it, and shows the same: a handshake of TLS and nothing else. Where there is
 * nothing to show, whether somebody accepts connections. Never throws.
 */
export async function lookAtLink(
  to: { readonly address: string; readonly port: number },
  trust: Trust | undefined,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<HelloOutcome> {
  const accepts = await lookAtPort(to, limits);
  const ways = (await trust?.ways()) ?? [];
  if (accepts !== 'known' || ways.length === 0) return accepts;
  const signal = AbortSignal.any([limits.signal, AbortSignal.timeout(answerMs)]);
  for (const way of ways) {
    try {
      const socket = await way.connect({ host: to.address, port: to.port }, signal);
      socket.destroy();
      return 'known';
    } catch {
      if (signal.aborted) return 'no-answer';
    }
  }
  return 'tls-failed';
}
