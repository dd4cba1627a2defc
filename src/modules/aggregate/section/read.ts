import {
  findSection,
  splitLines,
  tokenize,
  type Variables,
} from '../../../config-text/config-text.ts';
import { sumsPeer, sumsSection } from '../../../config-text/sums-section.ts';
import { type HaproxyAddress, isLocal, parseAddress } from '../../relay/section/address.ts';

/** A line of the section. */
export interface PeerText {
  /** From 1. */
  readonly line: number;
  readonly name: string;
  /** Null: it has none, or one that is not known here. */
  readonly at: HaproxyAddress | null;
  /** Without an address it is this HAProxy itself. */
  readonly hasAddress: boolean;
}

/** The section over which HAProxy and sidecar talk of sums. */
export interface SumsSection {
  /** From 1. */
  readonly line: number;
  /** Where the line of the sidecar leads; null: there is no such line, or not to this pod. */
  readonly at: HaproxyAddress | null;
  readonly peers: readonly PeerText[];
}

/** Null: there is none. */
export function readSumsSection(text: string, env: Variables = {}): SumsSection | null {
  const lines = splitLines(text);
  const found = findSection(lines, 'peers', sumsSection);
  if (found === undefined) return null;
  const peers = lines.slice(found.start + 1, found.end).flatMap((each, at): PeerText[] => {
    const [keyword = '', name = '', address] = tokenize(each, env).map((token) => token.text);
    if (keyword !== 'peer' && keyword !== 'server') return [];
    return [
      {
        ...{ line: found.start + at + 2, name },
        ...{ at: address === undefined ? null : parseAddress(address) },
        hasAddress: address !== undefined,
      },
    ];
  });
  const at = peers.find(({ name }) => name === sumsPeer)?.at ?? null;
  return { line: found.start + 1, at: at !== null && isLocal(at) ? at : null, peers };
}
