import { isHaproxyName, quoted } from '../../../model/names.ts';

/** What a HAProxy that connects as a peer says first. */
export interface HeardHello {
  /** Whom it means, and what it calls itself: names of pods. */
  readonly to: string;
  readonly from: string;
  /** Of its worker. */
  readonly pid: number;
}

export type Hello =
  /** Not all of it is there. */
  | { readonly kind: 'more' }
  | ({
      readonly kind: 'hello' /** Where the bytes behind it begin. */;
      readonly rest: number;
    } & HeardHello)
  /** With the status to answer; null: what it speaks would not understand one. */
  | { readonly kind: 'refused'; readonly status: 501 | 502 | null; readonly why: string };

/** Two names of 253 letters, two numbers and the first line. */
export const helloLimit = 600;

/** The first byte of a TLS connection. */
const tlsHandshake = 22;

const refused = (status: 501 | 502 | null, why: string): Hello => ({
  kind: 'refused',
  status,
  why,
});

/**
 * The three lines in which a HAProxy asks for a session (`peer_prepare_hellomsg`, src/peers.c, 2.4 to 3.4):
 * `HAProxyS 2.1`, the peer that it means, and its own name with the pid of the worker.
 */
export function readHello(bytes: Buffer): Hello {
  if (bytes[0] === tlsHandshake)
    return refused(null, 'it speaks TLS, and this pod is without --peers-tls');
  const text = bytes.toString('latin1', 0, helloLimit);
  const [protocol = '', to = '', last = '', ...more] = text.split('\n');
  // The word may be incomplete, but not another one.
  if (!'HAProxyS 2.1'.startsWith(protocol.slice(0, 12))) {
    const isOther = /^HAProxyS \d/.test(protocol);
    return refused(isOther ? 502 : 501, `it says ${quoted(protocol)}`);
  }
  if (more.length === 0)
    return bytes.length < helloLimit
      ? { kind: 'more' }
      : refused(501, `its hello has more than ${helloLimit} bytes`);
  const [, from = '', pid = ''] = /^(\S+) (\d{1,10}) \d{1,10}$/.exec(last) ?? [];
  if (protocol !== 'HAProxyS 2.1' || ![to, from].every(isHaproxyName))
    return refused(501, `it says ${quoted(`${protocol} ${to} ${last}`)}`);
  const rest = protocol.length + to.length + last.length + 3;
  return { kind: 'hello', to, from, pid: Number(pid), rest };
}
