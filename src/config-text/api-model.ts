import { createHash } from 'node:crypto';
import { directiveOf, findSection, findSections, splitLines, tokenize } from './config-text.ts';

/** Keywords of a peers section that the Data Plane API models (client-native config-parser, section-parsers.go). */
const modelled: ReadonlySet<string> = new Set([
  'peer',
  'bind',
  'default-bind',
  'default-server',
  'server',
  'table',
  'log',
  'shards',
  'enabled',
  'disabled',
]);

function bodyOf(text: string, name: string): readonly string[] {
  const lines = splitLines(text);
  const section = findSection(lines, 'peers', name);
  return section === undefined ? [] : lines.slice(section.start + 1, section.end);
}

/**
 * What any write by the Data Plane API damages in the section, one sentence each: of a `peer` line it keeps nothing
 * but a leading `shard N` (config-parser parsers/peer.go), and it moves `default-server` below the `peer` lines, where
 * HAProxy does not apply it (section-parsers.go).
 */
export function apiObstacles(text: string, name: string): readonly string[] {
  const lines = bodyOf(text, name).map((line) => tokenize(line).map((token) => token.text));
  const peers = lines.filter(([keyword]) => keyword === 'peer');
  const problems: string[] = [];
  for (const [, peer, , ...rest] of peers) {
    const lost = rest[0] === 'shard' ? rest.slice(2) : rest;
    if (lost.length > 0) {
      problems.push(
        `the Data Plane API drops "${lost.join(' ')}" of peer ${peer}: use bind and server lines`,
      );
    }
  }
  if (peers.length > 0 && lines.some(([keyword]) => keyword === 'default-server')) {
    problems.push(
      'the Data Plane API moves default-server below the peer lines, where it has no effect: use bind and server lines',
    );
  }
  return problems;
}

/** Lines that are kept when entries are edited one by one, but lost when the section is deleted and created again. */
export function apiUnmodelled(text: string, name: string): readonly string[] {
  return bodyOf(text, name)
    .map((line) => line.trim())
    .filter((line) => {
      const [keyword, , third, ...rest] = tokenize(line).map((token) => token.text);
      if (keyword === undefined) return line !== '';
      // Only some versions keep a comment at the end of a line.
      if (!modelled.has(keyword) || /\s#/.test(line)) return true;
      if (keyword === 'server') return third === undefined;
      return (
        keyword === 'table' && (rest.includes('brates-factor') || /^ipv[46]$/.test(rest[0] ?? ''))
      );
    });
}

/**
 * `.if` and similar directives, which the Data Plane API does not know: it writes them at the end of their section, so
 * the lines between them apply whatever the condition (seen with 2.9 and 3.4, with a transaction and with `POST raw`
 * alike, because posted text is parsed and rewritten, too).
 */
function conditionalLines(lines: readonly string[]): readonly string[] {
  const found = lines.flatMap((line, index) => {
    const directive = directiveOf(line);
    return directive === undefined ? [] : [`${index + 1} (.${directive})`];
  });
  if (found.length === 0) return [];
  const more = found.length > 3 ? ` and ${found.length - 3} more` : '';
  return [
    `line ${found.slice(0, 3).join(', ')}${more}: the Data Plane API moves conditional lines away from the lines they apply to: remove them from haproxy.cfg, or use --applier direct`,
  ];
}

/**
 * Whether the Data Plane API has written `text` itself, and nobody has edited it since: its first line is the hash of
 * the other lines (client-native config-parser/writer.go).
 */
export function writtenByApi(text: string): boolean {
  const [head = '', hash] = /^# _md5hash=([0-9a-f]{32})\n/.exec(text) ?? [];
  if (hash === undefined) return false;
  return createHash('md5').update(text.slice(head.length)).digest('hex') === hash;
}

/**
 * Proxies that do not name which of several `defaults` they use, one sentence each: `POST raw` assigns them others
 * (seen with 2.9 and 3.4).
 */
export function impliedDefaults(text: string): readonly string[] {
  const lines = splitLines(text);
  const sections = findSections(lines);
  if (sections.filter(({ keyword }) => keyword === 'defaults').length < 2) return [];
  return sections.flatMap(({ keyword, name, start }) => {
    if (!/^(frontend|backend|listen)$/.test(keyword)) return [];
    const words = tokenize(lines[start] ?? '').map(({ text: word }) => word);
    return words.includes('from')
      ? []
      : [`line ${start + 1} (${keyword} ${name}) would be put under other defaults`];
  });
}

/** Lines outside the peers sections that any write of the Data Plane API damages, one sentence each. */
export function lossyLines(text: string): readonly string[] {
  const lines = splitLines(text);
  const problems: string[] = [...conditionalLines(lines)];
  for (const section of findSections(lines)) {
    if (section.keyword === 'peers') continue;
    for (let index = section.start + 1; index < section.end; index++) {
      const words = tokenize(lines[index] ?? '').map((token) => token.text);
      if (words[0] !== 'stick-table') continue;
      if (words.filter((word) => word === 'store').length > 1) {
        problems.push(
          `line ${index + 1} (${section.keyword} ${section.name}): the Data Plane API keeps only the last "store" of a stick-table: write one "store a,b,c"`,
        );
      }
    }
  }
  return problems;
}
