import type { Socket } from 'node:net';
import type { Outcome } from './redial.ts';
import type { Trust, Way } from './trust.ts';

/** What came of dialling; the codes are those of the counter. */
export type Dialled =
  | { readonly socket: Socket }
  | { readonly code: string; readonly why: string; readonly outcome: Outcome };

export interface DialOptions {
  readonly address: string;
  readonly port: number;
  /** The address that the other side knows of us; undefined: what the system takes. */
  readonly from: string | undefined;
  readonly trust: Trust;
  readonly signal: AbortSignal;
}

const quiet = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN']);

function failed(code: string, why: string, kind: 'failed' | 'nobody-listens' = 'failed'): Dialled {
  return { code, why, outcome: { kind } };
}

async function tryOnce(o: DialOptions, way: Way, from = o.from): Promise<Socket> {
  const to = { host: o.address, port: o.port, noDelay: true };
  const bound = from === undefined ? to : { ...to, localAddress: from };
  try {
    return await way.connect(bound, o.signal);
  } catch (error) {
    const notOurs = (error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL';
    // Behind a translation of addresses we do not have the address that others see.
    if (notOurs && from !== undefined && !o.signal.aborted)
      return tryOnce({ ...o, from: undefined }, way);
    throw error;
  }
}

/** Dials a member, in one way after the other. Never throws. */
export async function dial(options: DialOptions): Promise<Dialled> {
  const { trust, address, port, signal } = options;
  const ways = await trust.ways();
  if (ways.length === 0) return failed('no-key', 'we have nothing to show who we are');
  const refusals: string[] = [];
  for (const way of ways) {
    try {
      return { socket: await tryOnce(options, way) };
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      if (signal.aborted) return failed('timeout', 'no connection in time');
      if (quiet.has(code)) {
        const why = `nobody listens at ${address}:${port} (${code})`;
        return failed('nobody-listens', why, 'nobody-listens');
      }
      refusals.push(`${way.name}: ${code || message}`);
    }
  }
  const why = refusals.join('; ');
  // The codes of TLS begin so; all others are of the system, and say nothing of trust.
  return /: ERR_|: [a-z]/.test(why)
    ? failed(trust.code, `it does not take what we show (${why})`)
    : failed('broken', why);
}
