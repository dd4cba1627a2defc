import { parseEndpoint } from './address.ts';
import { findSections, splitLines, type Token, tokenize, type Variables } from './config-text.ts';
import { variablesAt } from './variables.ts';

export interface OwnNameInput {
  readonly sectionName: string;
  readonly selfName: string;
  /** Names of members and expected peers: never ours, whoever `localpeer` was. */
  readonly others: ReadonlySet<string>;
  readonly env: Variables;
}

const anywhere: ReadonlySet<string> = new Set(['', '*', '0.0.0.0', '::']);

/** Whether HAProxy can only listen there: no address (below `bind`), or one that means all of them. */
function isLocalOnly(address: Token | undefined): boolean {
  if (address === undefined) return true;
  const endpoint = parseEndpoint(address.text);
  return address.variable !== 'unset' && endpoint !== undefined && anywhere.has(endpoint.address);
}

interface Me extends Pick<OwnNameInput, 'selfName' | 'others'> {
  /** It is the section that is kept in step. */
  readonly ours: boolean;
  /** Where the section begins. */
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

/**
 * The text with this pod's own line under this pod's name, before `localpeer` is set to it. A template says "me" with a
 * variable that is the hostname, POD_NAME or HAPROXY_LOCALPEER, or with the name that its own `localpeer` has; in every
 * peers section, because HAProxy drops one that does not name the local peer. A variable that is not set here may be
 * anybody: such a line stays as it is.
 */
export function withOwnName(text: string, input: OwnNameInput, warnings: string[]): string {
  const { sectionName, selfName, others, env } = input;
  const lines: (string | null)[] = [...splitLines(text)];
  const given = splitLines(text);
  for (const section of findSections(given).filter(({ keyword }) => keyword === 'peers')) {
    const variables = variablesAt(given, section.start, env);
    const ours = section.name === sectionName;
    const me = { selfName, others, ours, env: variables };
    let seen = false;
    for (let index = section.start + 1; index < section.end; index++) {
      const line = given[index] ?? '';
      const [keyword, name, address] = tokenize(line, variables);
      if ((keyword?.text !== 'peer' && keyword?.text !== 'server') || name === undefined) continue;
      const written = line.slice(name.start, name.end);
      if (!isOwn(name, address, me)) {
        if (name.variable === 'unset')
          warnings.push(
            `line ${index + 1}: the variable of peer ${written} is not set here, so it is taken for one outside, and stays`,
          );
        continue;
      }
      if (seen)
        warnings.push(`line ${index + 1}: ${line.trim()} is left out: it is this pod once more`);
      else if (name.variable === undefined && name.text !== selfName)
        warnings.push(
          `line ${index + 1}: peer ${name.text}, which localpeer of the template is, is this pod: it becomes ${selfName}`,
        );
      lines[index] = seen ? null : line.slice(0, name.start) + selfName + line.slice(name.end);
      seen = true;
    }
  }
  return lines.filter((line) => line !== null).join('');
}
