import { isIP, SocketAddress } from 'node:net';
import { formatEndpoint } from './address.ts';
import { boundBy } from './binds.ts';
import { blockDepths, findSection, splitLines, type Variables } from './config-text.ts';
import { readPeersSection } from './peers-text.ts';
import { variablesAt } from './variables.ts';

export interface ListenInput {
  readonly sectionName: string;
  readonly self: { readonly name: string; readonly address: string };
  /** The address that siblings connect to. */
  readonly port: number;
  readonly env: Variables;
}

/** Whether a connection to `address` reaches this listener. */
export function reaches(listening: string, address: string): boolean {
  if (listening === '::') return true;
  if (listening === '' || listening === '*' || listening === '0.0.0.0') return isIP(address) === 4;
  return oneSpelling(listening) === oneSpelling(address);
}

/** Normalizes an address: `fd00:0::1` is `fd00::1`. */
function oneSpelling(address: string): string {
  return isIP(address) === 6 ? new SocketAddress({ address, family: 'ipv6' }).address : address;
}

/**
 * The addresses HAProxy listens on: those of a `bind` line, else of this pod's `peer` line; null for one that cannot be known
 * here.
 */
export function listening(text: string, { sectionName, self, env }: ListenInput) {
  const lines = splitLines(text);
  const section = findSection(lines, 'peers', sectionName);
  if (section === undefined) return [null];
  const variables = variablesAt(lines, section.start, env);
  const body = lines.slice(section.start + 1, section.end);
  const depths = blockDepths(body);
  const binds = body.flatMap((line, index) => boundBy(line, depths[index] ?? 0, variables));
  if (binds.length > 0) return binds;
  const { entries } = readPeersSection(text, sectionName, env);
  const own = entries.find(({ name }) => name === self.name);
  return [own === undefined || own.port === 0 ? null : own];
}

export interface Unreachable {
  readonly why: string;
  /**
   * True: no sibling can connect. False: something in front may forward connections to the loopback, or to another
   * address.
   */
  readonly certain: boolean;
}

/**
 * Why no sibling can connect to the peers section `sectionName`; null if one can, or if it cannot be known. `port` of
 * a `default-server` does not matter (seen with 2.6, 3.0, 3.4).
 */
export function unreachable(text: string, input: ListenInput): Unreachable | null {
  const { sectionName, self, port } = input;
  const all = listening(text, input);
  const known = all.filter((each) => each !== null);
  if (known.length < all.length) return null;
  if (known.some((each) => each.port === port && reaches(each.address, self.address))) return null;
  const where = known.map(formatEndpoint).join(', ');
  const why = `section ${sectionName} listens on ${where}, and peers connect to ${formatEndpoint({ address: self.address, port })}: it does not listen there`;
  return { why, certain: known.every((each) => reaches(each.address, self.address)) };
}
