import { type Token, tokenize, type Variables } from './config-text.ts';

/** What a line asks of the other side of a connection. */
interface Demand {
  readonly ssl: boolean;
  readonly verify: string;
  /** Something in it may let others in all the same, or cannot be read here. */
  readonly doubt: boolean;
}

const nothing: Demand = { ssl: false, verify: '', doubt: false };

/** They make exceptions of `verify`, for some errors or for some names (configuration manual §5.1). */
const exceptions: ReadonlySet<string> = new Set(['ca-ignore-err', 'crt-ignore-err', 'crt-list']);

/** `before` with the parameters of one more line: the later one wins, also over what another line has said. */
function demand(before: Demand, parameters: readonly Token[]): Demand {
  let { ssl, verify, doubt } = before;
  for (const [index, { text, variable }] of parameters.entries()) {
    const value = parameters[index + 1]?.text ?? '';
    if (text === 'ssl' || text === 'no-ssl') ssl = text === 'ssl';
    else if (text === 'verify') verify = value;
    // Everybody has a certificate of a CA such as @system-ca.
    doubt ||= variable === 'unset' || exceptions.has(text);
    doubt ||= text === 'ca-file' && value.startsWith('@');
  }
  return { ssl, verify, doubt };
}

function isMutual({ ssl, verify, doubt }: Demand): boolean {
  return ssl && verify === 'required' && !doubt;
}

/**
 * Whether nobody gets into a peers section with this body, or is talked to by it, without a certificate of the CA; nor by
 * a line that is added to it. As HAProxy reads it (src/cfgparse-peers.c; seen with 2.6, 3.0, 3.4): `bind` and all
 * `default-bind` lines are one listener; a `server` line has what the `default-server` lines above it say, then its own.
 * The Data Plane API moves all `default-server` lines above the `server` lines, so those below count for them, too.
 */
export function speaksTls(body: readonly string[], env: Variables = {}): boolean {
  let listener = nothing;
  let above = nothing;
  let bound = false;
  let mutual = true;
  const lines = body.map((line) => tokenize(line, env));
  const every = lines
    .filter(([keyword]) => keyword?.text === 'default-server')
    .reduce((so, [, ...parameters]) => demand(so, parameters), nothing);
  const last = lines.findLastIndex(([keyword]) => keyword?.text === 'server');
  lines.forEach(([keyword, first, second, ...rest], index) => {
    const parameters = [first, second].filter((token) => token !== undefined);
    if (keyword?.text === 'bind') {
      bound = true;
      listener = demand(listener, [...parameters.slice(1), ...rest]);
    } else if (keyword?.text === 'default-bind') {
      listener = demand(listener, [...parameters, ...rest]);
    } else if (keyword?.text === 'default-server') {
      above = demand(above, [...parameters, ...rest]);
    } else if (keyword?.text === 'server' && second !== undefined) {
      mutual &&= isMutual(demand(above, rest)) && isMutual(demand(every, rest));
    }
    // A line is added here.
    if (index === last) mutual &&= isMutual(above);
  });
  return bound && isMutual(listener) && mutual && isMutual(above) && isMutual(every);
}
