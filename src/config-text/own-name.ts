import { parseEndpoint } from './address.ts';
import { findSections, splitLines, type Token, tokenize, type Variables } from './config-text.ts';
import { variablesAt } from './variables.ts';

export interface OwnNameInput {
  readonly sectionName: string;
  readonly selfName: string;
  /** Names of members and expected peers. They never mean this pod, whatever `localpeer` was. */
  readonly others: ReadonlySet<string>;
  readonly env: Variables;
}

const anywhere: ReadonlySet<string> = new Set(['', '*', '0.0.0.0', '::']);

/** Whether HAProxy can only listen on this address: none (below `bind`), or one that means all addresses. */
function isLocalOnly(address: Token | undefined): boolean {
  if (address === undefined) return true;
  const endpoint = parseEndpoint(address.text);
  return address.variable !== 'unset' && endpoint !== undefined && anywhere.has(endpoint.address);
}

interface Me extends Pick<OwnNameInput, 'selfName' | 'others'> {
  /** Whether it is the section that this program keeps in step. */
  readonly ours: boolean;
  /** First line of the section. */
  readonly env: Variables;
}

function isOwn(name: Token, address: Token | undefined, { selfName, others, ours, env }: Me) {
  if (name.variable === 'unset') return ours && isLocalOnly(address);
  if (name.text === selfName) return true;
  const localpeer = env.HAPROXY_LOCALPEER;
  if (!ours) return name.text === localpeer;
  if (others.has(name.text)) return false;
  const isVariable = name.variable === 'set';
  return (
    name.text === localpeer ||
    (isVariable && (name.text === env.HOSTNAME || name.text === env.POD_NAME))
  );
}

/** A `peer` or `server` line of a peers section. */
export interface PeerLine {
  /** Of the line, from 0. */
  readonly index: number;
  readonly section: string;
  readonly name: Token;
  readonly isOwn: boolean;
}

/**
 * Who is who in all peers sections. A template says "me" with a variable that is the hostname, POD_NAME or
 * HAPROXY_LOCALPEER, or with the name that its own `localpeer` has. A variable that is not set here may be anybody.
 */
export function peerLines(text: string, input: OwnNameInput): readonly PeerLine[] {
  const { sectionName, selfName, others, env } = input;
  const lines = splitLines(text);
  return findSections(lines)
    .filter(({ keyword }) => keyword === 'peers')
    .flatMap(({ name: section, start, end }) => {
      const variables = variablesAt(lines, start, env);
      const me = { selfName, others, ours: section === sectionName, env: variables };
      return lines.slice(start + 1, end).flatMap((line, at) => {
        const [keyword, name, address] = tokenize(line, variables);
        if ((keyword?.text !== 'peer' && keyword?.text !== 'server') || name === undefined)
          return [];
        return [{ index: start + 1 + at, section, name, isOwn: isOwn(name, address, me) }];
      });
    });
}

/**
 * The text with this pod's own line under this pod's name, before `localpeer` is set to it; in every peers section,
 * because HAProxy drops one that does not name the local peer. A line whose variable is not set here stays as it is.
 */
export function withOwnName(text: string, input: OwnNameInput, warnings: string[]): string {
  const { selfName } = input;
  const given = splitLines(text);
  const lines: (string | null)[] = [...given];
  const seen = new Set<string>();
  for (const { index, section, name, isOwn } of peerLines(text, input)) {
    const line = given[index] ?? '';
    if (!isOwn) {
      if (name.variable === 'unset')
        warnings.push(
          `line ${index + 1}: the variable of peer ${line.slice(name.start, name.end)} is not set here, so the peer is taken for one outside the set, and kept`,
        );
      continue;
    }
    if (seen.has(section))
      warnings.push(
        `line ${index + 1}: ${line.trim()} is left out: it is a second line for this pod`,
      );
    else if (name.variable === undefined && name.text !== selfName)
      warnings.push(
        `line ${index + 1}: peer ${name.text} is this pod, because localpeer of the template has that name: it becomes ${selfName}`,
      );
    lines[index] = seen.has(section)
      ? null
      : line.slice(0, name.start) + selfName + line.slice(name.end);
    seen.add(section);
  }
  return lines.filter((line) => line !== null).join('');
}
