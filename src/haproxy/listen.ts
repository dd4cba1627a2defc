import { isIP } from 'node:net';
import { type Endpoint, formatEndpoint, parseEndpoint } from './address.ts';
import { findSection, splitLines, tokenize, type Variables } from './config-text.ts';
import { readPeersSection } from './peers-text.ts';
import { variablesAt } from './variables.ts';

export interface ListenInput {
  readonly sectionName: string;
  readonly self: { readonly name: string; readonly address: string };
  /** Where siblings connect to. */
  readonly port: number;
  readonly env: Variables;
}

/** Whether who connects to `address` gets there. */
function reaches(listening: string, address: string): boolean {
  if (listening === '::') return true;
  if (listening === '' || listening === '*' || listening === '0.0.0.0') return isIP(address) === 4;
  return listening === address;
}

/** What each address of a `bind` line is; null where that cannot be known here: a variable, a socket, a range. */
function boundBy(line: string, env: Variables): readonly (Endpoint | null)[] {
  const [keyword, addresses] = tokenize(line, env);
  if (keyword?.text !== 'bind' || addresses === undefined) return [];
  if (addresses.variable === 'unset') return [null];
  return addresses.text.split(',').map((each) => parseEndpoint(each) ?? null);
}

/** What HAProxy listens on, as far as it is known here. It is a `bind` line, else the own `peer` line. */
function listening(text: string, { sectionName, self, env }: ListenInput) {
  const lines = splitLines(text);
  const section = findSection(lines, 'peers', sectionName);
  if (section === undefined) return [null];
  const variables = variablesAt(lines, section.start, env);
  const binds = lines
    .slice(section.start + 1, section.end)
    .flatMap((line) => boundBy(line, variables));
  if (binds.length > 0) return binds;
  const { entries } = readPeersSection(text, sectionName, env);
  const own = entries.find(({ name }) => name === self.name);
  return [own === undefined || own.port === 0 ? null : own];
}

export interface Unreachable {
  readonly why: string;
  /** Nobody can get there. Else something in front may take connections to the loopback, or to another address. */
  readonly certain: boolean;
}

/**
 * Why no sibling gets to the peers section `sectionName`; null when one does, or when it cannot be known. `port` of a
 * `default-server` has nothing to do with it (seen with 2.6, 3.0, 3.4).
 */
export function unreachable(text: string, input: ListenInput): Unreachable | null {
  const { sectionName, self, port } = input;
  const all = listening(text, input);
  const known = all.filter((each) => each !== null);
  if (known.length < all.length) return null;
  if (known.some((each) => each.port === port && reaches(each.address, self.address))) return null;
  const where = known.map(formatEndpoint).join(', ');
  const why = `section ${sectionName} listens on ${where}, and siblings connect to ${formatEndpoint({ address: self.address, port })}: they do not get there`;
  return { why, certain: known.every((each) => reaches(each.address, self.address)) };
}
