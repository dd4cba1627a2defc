import { type Endpoint, parseEndpoint } from './address.ts';
import { tokenize, type Variables } from './config-text.ts';

/**
 * The addresses of a `bind` line at this depth of conditions; null for one that cannot be known here: a variable, a socket,
 * a range, a condition.
 */
export function boundBy(line: string, depth: number, env: Variables): readonly (Endpoint | null)[] {
  const [keyword, addresses] = tokenize(line, env);
  if (keyword?.text !== 'bind' || addresses === undefined) return [];
  if (addresses.variable === 'unset' || depth > 0) return [null];
  // All addresses of that family, whose name is lost if there is none.
  const texts = addresses.text
    .split(',')
    .map((each) => each.replace(/^(ipv6@|tcp6@)\*?:/, '[::]:'));
  return texts.map((each) => parseEndpoint(each) ?? null);
}
