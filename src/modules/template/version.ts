import type { Look } from './look.ts';

/** A look, and what it comes to. */
export interface Version extends Look {
  readonly key: string;
  /** haproxy.cfg without the siblings. */
  readonly rendered: string;
  readonly staticPeers: readonly string[];
}

/** Equal for looks that found the same. */
export function keyOf({ template, files }: Look): string {
  const pairs = Object.entries(files).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([template, pairs]);
}
