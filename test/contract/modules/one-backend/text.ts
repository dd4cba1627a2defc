import { findSection, splitLines, tokenize } from '../../../../src/config-text/config-text.ts';

/** Names to `address:port`. */
export type Servers = ReadonlyMap<string, string>;

/** The servers of `backend` in haproxy.cfg, those of the author left out: ours begin with `w`. */
export function readServers(text: string, backend: string): Servers {
  const lines = splitLines(text);
  const section = findSection(lines, 'backend', backend);
  const body = section === undefined ? [] : lines.slice(section.start + 1, section.end);
  const words = body.map((line) => tokenize(line).map((token) => token.text));
  return new Map(
    words.flatMap(([keyword, name = '', address = '']) =>
      keyword === 'server' && name.startsWith('w') ? [[name, address]] : [],
    ),
  );
}

/** The text with these servers of ours in `backend`, at its end; every other line is as it was. */
export function writeServers(text: string, backend: string, servers: Servers): string {
  const lines = splitLines(text);
  const section = findSection(lines, 'backend', backend);
  if (section === undefined) return text;
  const body = lines
    .slice(section.start + 1, section.end)
    .filter((line) => !/^\s*server w/.test(line));
  const mine = [...servers].map(([name, address]) => `  server ${name} ${address}`);
  const end = body.findLastIndex((line) => line.trim() !== '') + 1;
  const head = lines.slice(0, section.start + 1);
  return [
    ...head,
    ...body.slice(0, end),
    ...mine,
    ...body.slice(end),
    ...lines.slice(section.end),
  ].join('\n');
}
