import type { PeersTlsFiles } from '../model/peers-tls.ts';
import { formatEndpoint } from './address.ts';
import {
  findSection,
  lineEnd,
  splitLines,
  type Token,
  tokenize,
  type Variables,
} from './config-text.ts';

export interface PeersTlsInput {
  readonly tls: PeersTlsFiles;
  readonly sectionName: string;
  readonly selfName: string;
  readonly address: string;
  readonly port: number;
  readonly env: Variables;
}

const replaced: ReadonlySet<string> = new Set(['bind', 'default-bind', 'default-server']);

function sslParameters({ bundle, ca }: PeersTlsFiles): string {
  return `ssl crt ${bundle} ca-file ${ca} verify required`;
}

/** The lines that make a section speak TLS, in the order in which the Data Plane API writes them. */
function tlsLines({ tls, address, port }: PeersTlsInput): readonly string[] {
  const host = tls.verifyHost === undefined ? '' : ` verifyhost ${tls.verifyHost}`;
  return [
    `default-server ${sslParameters(tls)}${host}`,
    `bind ${formatEndpoint({ address, port })} ${sslParameters(tls)}`,
  ];
}

/** A `peer` or `server` line as a `server` line that takes everything else from `default-server`. */
function serverLine(
  line: string,
  tokens: readonly Token[],
  { selfName }: PeersTlsInput,
  warnings: string[],
): string {
  const [keyword, name, address] = tokens;
  const indent = line.slice(0, keyword?.start ?? 0);
  const written = line.slice(name?.start ?? 0, name?.end ?? 0);
  // The local server has no address.
  const own = name?.text === selfName;
  const parameters = tokens.slice(address === undefined ? 2 : 3).map(({ text }) => text);
  const shard = parameters.indexOf('shard');
  const kept = shard < 0 ? [] : parameters.splice(shard, 2);
  if (parameters.length > 0)
    warnings.push(
      `"${parameters.join(' ')}" of peer ${written} in the template is replaced by --peers-tls`,
    );
  const endpoint = own || address === undefined ? [] : [line.slice(address.start, address.end)];
  return `${indent}server ${[written, ...endpoint, ...(own ? [] : kept)].join(' ')}`;
}

/**
 * The text with the section in `bind` + `server` style and mutual TLS: `peer` lines lose their parameters, `ssl` too,
 * when the Data Plane API writes them, and `default-server` has no effect there (src/config-text/api-model.ts). Its output
 * gives itself.
 */
export function withPeersTls(text: string, input: PeersTlsInput, warnings: string[]): string {
  const newline = lineEnd(text);
  const lines = splitLines(text);
  const section = findSection(lines, 'peers', input.sectionName);
  const head = tlsLines(input).map((line) => `    ${line}${newline}`);
  if (section === undefined) {
    const gap = text === '' || text.endsWith('\n') ? '' : newline;
    return `${text}${gap}${newline}peers ${input.sectionName}${newline}${head.join('')}`;
  }
  const body = lines.slice(section.start + 1, section.end).flatMap((line) => {
    const tokens = tokenize(line, input.env);
    const keyword = tokens[0]?.text ?? '';
    if (replaced.has(keyword)) return [];
    if ((keyword !== 'peer' && keyword !== 'server') || tokens[1] === undefined) return [line];
    return [serverLine(line, tokens, input, warnings) + newline];
  });
  const header = (lines[section.start] ?? '').trimEnd() + newline;
  const after = lines.slice(section.end);
  return [...lines.slice(0, section.start), header, ...head, ...body, ...after].join('');
}
