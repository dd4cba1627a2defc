import { quoted } from '../../../model/names.ts';

/** What the answers to a hello mean (haproxy src/peers.c, PEER_SESS_SC_*) for who connects as a peer of its own HAProxy. */
const meanings: Readonly<Record<string, string>> = {
  300: 'another session of this peer is there',
  501: 'the hello is none',
  502: 'it speaks another version of the peers protocol',
  503: 'its localpeer has another name',
  504: 'its peers section has no such peer',
};

/** A status is three digits and a line break. A program that sends more than this before one is no HAProxy. */
export const statusLimit = 256;

export type HelloAnswer =
  /** Not all of it is there. */
  | { readonly kind: 'more' }
  /** 200, and where the bytes begin that follow it. */
  | { readonly kind: 'accepted'; readonly rest: number }
  | { readonly kind: 'refused'; readonly why: string };

/** The first bytes that HAProxy sends back. */
export function readStatus(bytes: Buffer): HelloAnswer {
  const end = bytes.subarray(0, statusLimit).indexOf(10);
  if (end === -1 && bytes.length < statusLimit) return { kind: 'more' };
  const line = bytes.toString('latin1', 0, end === -1 ? statusLimit : end);
  if (end !== -1 && line === '200') return { kind: 'accepted', rest: end + 1 };
  if (end === -1 || !/^\d{3}$/.test(line))
    return { kind: 'refused', why: `what answers is no HAProxy: it says ${quoted(line)}` };
  const meaning = meanings[line];
  return {
    kind: 'refused',
    why: `HAProxy answers ${line}${meaning === undefined ? '' : `: ${meaning}`}`,
  };
}
