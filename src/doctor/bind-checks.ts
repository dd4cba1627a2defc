import { isIP } from 'node:net';
import {
  blockDepths,
  findSections,
  splitLines,
  tokenize,
  type Variables,
} from '../config-text/config-text.ts';
import { variablesIn } from '../config-text/variables.ts';
import { type Check, type Finding, failure, ok, warning } from './facts.ts';

type Words = readonly string[];

interface Bound {
  readonly proxy: string;
  readonly line: number;
  readonly words: Words;
  /** False for unknown variables and conditions. */
  readonly known: boolean;
}

/** The `bind` lines for clients, without those of peers sections. */
function bindsOf(text: string, env: Variables): readonly Bound[] {
  const lines = splitLines(text);
  const variables = variablesIn(lines, env);
  return findSections(lines)
    .filter(({ keyword }) => keyword === 'frontend' || keyword === 'listen')
    .flatMap(({ name, start, end }) => {
      const body = lines.slice(start + 1, end);
      const depths = blockDepths(body);
      return body.flatMap((line, index) => {
        const tokens = tokenize(line, variables(start + 1 + index));
        if (tokens[0]?.text !== 'bind') return [];
        const known = tokens[1]?.variable !== 'unset' && (depths[index] ?? 0) === 0;
        const words = tokens.map((token) => token.text);
        return [{ proxy: name, line: start + index + 2, words, known }];
      });
    });
}

type Families = ReadonlySet<4 | 6>;

/**
 * The IP families whose connections a `bind` address accepts; null if this cannot be known here: a variable, a socket,
 * a host name. `*` and no address at all are IPv4 only (configuration manual, "bind").
 */
function familiesOf(address: string, parameters: Words): Families | null {
  const text = address.replace(/^(tcp|quic)([46])@/, 'ipv$2@').replace(/^(tcp|quic)@/, '');
  const six = new Set<4 | 6>(parameters.includes('v6only') ? [6] : [4, 6]);
  if (/^ipv6@/.test(text)) return six;
  if (/^ipv4@/.test(text)) return new Set([4]);
  const host = /^(?:\[(?<v6>[^\]]*)\]|(?<plain>.*)):[\d-]+$/.exec(text)?.groups;
  if (host === undefined) return null;
  const name = host.v6 ?? host.plain ?? '';
  if (name === '' || name === '*' || name === '0.0.0.0') return new Set([4]);
  if (name === '::') return six;
  if (isIP(name) === 6) return new Set([6]);
  return isIP(name) === 4 ? new Set([4]) : null;
}

const familyOf = (address: string): 4 | 6 => (isIP(address) === 6 ? 6 : 4);

/** Whether clients can connect over the IP families of the pod. */
const families: Check = ({ configText, self, ownAddresses = [], env }) => {
  if (!configText.ok) return [];
  const name = 'bind-family';
  const binds = bindsOf(configText.value, env);
  const primary = familyOf(self.address);
  const others = [...new Set(ownAddresses.map(familyOf))].filter((family) => family !== primary);
  const findings: Finding[] = [];
  for (const proxy of new Set(binds.map((bind) => bind.proxy))) {
    const own = binds.filter((bind) => bind.proxy === proxy);
    const taken = own.flatMap(({ known, words: [, addresses = '', ...parameters] }) =>
      addresses.split(',').map((each) => (known ? familiesOf(each, parameters) : null)),
    );
    if (taken.some((each) => each === null)) continue;
    const takes = (family: 4 | 6) => taken.some((each) => each?.has(family));
    const first = own[0];
    const what = (family: 4 | 6) =>
      `${proxy} (line ${first?.line}: ${first?.words.join(' ')}) takes no connections of IPv${family}`;
    const mend = 'bind :::PORT v4v6 takes both families';
    if (!takes(primary))
      findings.push(
        failure(
          name,
          `${what(primary)}, and this pod has ${self.address}: no client gets in`,
          mend,
        ),
      );
    for (const family of others.filter((each) => !takes(each)))
      findings.push(warning(name, `${what(family)}, and this pod has an address of it, too`, mend));
  }
  if (binds.length === 0) return [];
  return findings.length > 0 ? findings : [ok(name, `frontends take IPv${primary}`)];
};

/** The address of a `stats socket`, from the first words of its line. */
function isOpen(address: string): boolean {
  if (address.startsWith('/') || /^(unix|abns|abnsz|fd|sockpair)@/.test(address)) return false;
  const host = address.replace(/^(ipv[46]|tcp[46]?)@/, '').replace(/:[\d-]+$/, '');
  return !/^(127\.|localhost$|\[?::1\]?$)/.test(host);
}

function after(words: Words, parameter: string): string | undefined {
  const at = words.indexOf(parameter, 3);
  return at < 0 ? undefined : words[at + 1];
}

/** Further sockets that control HAProxy. None of them asks for a password. */
const statsSockets: Check = ({ configText, options }) => {
  if (!configText.ok) return [];
  const name = 'stats-sockets';
  const lines = splitLines(configText.value);
  const sockets = findSections(lines)
    .filter(({ keyword }) => keyword === 'global')
    .flatMap(({ start, end }) => lines.slice(start + 1, end))
    .map((line) => tokenize(line).map(({ text }) => text))
    .filter(([keyword, kind]) => keyword === 'stats' && kind === 'socket');
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const words of sockets) {
    const address = words[2] ?? '';
    const path = address.replace(/^unix@/, '');
    const level = after(words, 'level') ?? 'operator';
    const mode = Number.parseInt(after(words, 'mode') ?? '', 8);
    if (isOpen(address))
      findings.push(
        (level === 'user' ? warning : failure)(
          name,
          `"${words.join(' ')}" has level ${level}, and anybody who reaches the pod can use it: it asks for no password`,
          'stats socket /var/run/haproxy/other.sock mode 660 level user, or an address of the loopback',
        ),
      );
    else if (level === 'admin' && (mode & 0o002) !== 0)
      findings.push(
        warning(
          name,
          `"${words.join(' ')}" has level admin, and everybody in the containers that share it may write to it`,
          'mode 660, or level user',
        ),
      );
    if (seen.has(path))
      findings.push(
        failure(
          name,
          `two lines make ${path}: HAProxy starts, and only the last one is reached, with level ${level}`,
          'remove one of the two lines',
        ),
      );
    seen.add(path);
  }
  if (findings.length > 0) return findings;
  const others = [...seen].filter((path) => path !== options.adminSocket);
  const beside = others.length === 0 ? '' : `, beside ${others.join(', ')}`;
  return seen.has(options.adminSocket) ? [ok(name, `${options.adminSocket}${beside}`)] : [];
};

export const bindChecks: readonly Check[] = [families, statsSockets];
