import { dirname } from 'node:path';
import { findSections, splitLines, tokenize } from '../../../config-text/config-text.ts';
import type { HaproxyAddress } from './address.ts';

export interface Where {
  readonly at: HaproxyAddress;
  /** Why it is no unix socket; null where it is one. */
  readonly why: string | null;
}

/** Why HAProxy would not get to a unix socket by the path that a `bind` line of `words` names. */
function hindrance([keyword = '', ...words]: readonly string[]): string | null {
  if (keyword === 'chroot')
    return 'from within it the old worker does not reach a unix socket of the new one';
  if ((keyword === 'user' || keyword === 'uid') && words[0] !== 'root' && words[0] !== '0')
    return 'as that user the old worker may not connect to a unix socket of the new one';
  if (keyword === 'unix-bind' && words.includes('prefix'))
    return 'HAProxy would listen below the prefix, and connect without it';
  return null;
}

/**
 * Where HAProxy listens for its sidecar, and for its own old worker, which hands the tables over to the new one after a
 * reload: a unix socket beside the admin socket, which has permissions. Where the old worker does not reach it nothing
 * would be kept (seen with 2.6, 3.0 and 3.4), so it is `port` of the loopback then; also where a condition decides.
 */
export function listenWhere(
  template: string,
  {
    adminSocket,
    port,
    socket = 'peers.sock',
  }: { readonly adminSocket: string; readonly port: number; readonly socket?: string },
): Where {
  const lines = splitLines(template);
  const globals = findSections(lines).filter(({ keyword }) => keyword === 'global');
  for (const { start, end } of globals) {
    for (const [index, line] of lines.slice(start + 1, end).entries()) {
      const words = tokenize(line).map(({ text }) => text);
      const reason = hindrance(words);
      if (reason === null) continue;
      const why = `line ${start + index + 2}: "${words[0]}": ${reason}. HAProxy and its sidecar talk over 127.0.0.1:${port}, where every process of the pod can join in`;
      return { at: { host: '127.0.0.1', port }, why };
    }
  }
  return { at: { path: `${dirname(adminSocket)}/${socket}` }, why: null };
}
