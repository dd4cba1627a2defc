import { type Section, tokenize, type Variables } from '../../../config-text/config-text.ts';
import type { PeerLine } from '../../../config-text/own-name.ts';
import { isLocal, parseAddress } from './address.ts';
import { isSlot, lessonSlot } from './slots.ts';

/** What becomes of a line of the section that is kept: it stays, is replaced with ours, or cannot be there. */
export type Fate =
  | { readonly kind: 'stays' | 'replaced' }
  | { readonly kind: 'refused'; readonly why: string };

const stays: Fate = { kind: 'stays' };
const replaced: Fate = { kind: 'replaced' };

/** Above our lines, for who reads the file. */
export const remark = '# Nobody but the sidecar connects here, with a slot for each other replica.';

const refused: Readonly<Record<string, string>> = {
  'default-bind': 'it would hold for the line on which the sidecar connects: remove it',
  'default-server': 'it would hold for the slots, which lead to this HAProxy itself: remove it',
  shards: 'all replicas get all entries: remove it',
  disabled: 'nothing would be shared: remove it',
};

const noTls =
  'HAProxy talks to its own sidecar only, and what passes between sidecars is encrypted: remove TLS here';

/** Whether `words` are ours from an earlier rendering, with however many slots. */
function isOurs([, name = '', address = '', ...rest]: readonly string[]): boolean {
  const at = parseAddress(address);
  return (isSlot(name) || name === lessonSlot) && at !== null && isLocal(at) && rest.length === 0;
}

/** `entry` is the line as a peer, where it is one. */
export function fateOf(line: string, entry: PeerLine | undefined, env: Variables): Fate {
  if (line.trim() === remark) return replaced;
  const words = tokenize(line, env).map(({ text }) => text);
  const [keyword = '', name = ''] = words;
  const why = refused[keyword];
  if (why !== undefined) return { kind: 'refused', why };
  if (keyword !== 'bind' && entry === undefined) return stays;
  if (words.includes('ssl')) return { kind: 'refused', why: noTls };
  if (keyword === 'bind' || entry?.isOwn === true || isOurs(words)) return replaced;
  return {
    kind: 'refused',
    why: `peer ${name} has no sidecar, and HAProxy itself connects to nobody: remove it`,
  };
}

/** Peers of another section: this HAProxy has one name in all of them. */
export function strangerIn({ name }: Section): string {
  return `section ${name} has peers outside, who know this pod by its name, and in relay mode it is "self" in every section: remove it`;
}
