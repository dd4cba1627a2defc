import { findSection, splitLines, tokenize } from '../../../config-text/config-text.ts';
import { countSharedTables } from '../../../config-text/shared-tables.ts';
import { formatAddress, type HaproxyAddress, parseAddress } from './address.ts';
import { isSlot, lessonSlot, localName } from './slots.ts';

/** The peers section as the sidecar uses it. */
export interface RelaySection {
  readonly at: HaproxyAddress;
  /** In the order of the file. */
  readonly slots: readonly string[];
  readonly hasLesson: boolean;
  /**
   * How many tables are shared, and with conditions at most: HAProxy counts them from 1, and an ACK of one that is not
   * there does nothing (`peer_treat_ackmsg`, src/peers.c).
   */
  readonly tables: number;
}

/**
 * The section `section` of haproxy.cfg, as `renderRelayCfg` writes it; null where there is none such: another mode, or
 * somebody has changed it.
 */
export function readRelaySection(text: string, section: string): RelaySection | null {
  const lines = splitLines(text);
  const found = findSection(lines, 'peers', section);
  if (found === undefined) return null;
  const body = lines
    .slice(found.start + 1, found.end)
    .map((line) => tokenize(line).map((token) => token.text));
  const binds = body.filter(([keyword]) => keyword === 'bind');
  const at = binds.length === 1 ? parseAddress(binds[0]?.[1] ?? '') : null;
  if (at === null) return null;
  const servers = body.filter(([keyword]) => keyword === 'server' || keyword === 'peer');
  const here = formatAddress(at);
  const names = servers.flatMap(([, name = '', address = '']) => (address === here ? [name] : []));
  const slots = names.filter(isSlot);
  const isRelay = servers.some(([, name]) => name === localName) && slots.length > 0;
  if (!isRelay) return null;
  return {
    at,
    slots,
    hasLesson: names.includes(lessonSlot),
    tables: countSharedTables(lines, section),
  };
}
