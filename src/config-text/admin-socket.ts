import { findSections, splitLines, type Token, tokenize } from './config-text.ts';

function parameter(tokens: readonly Token[], name: string): Token | undefined {
  const at = tokens.findIndex(({ text }, index) => index > 2 && text === name);
  return at < 0 ? undefined : tokens[at + 1];
}

/** Whether a file mode such as `666` lets everybody write, which is the permission needed to connect. */
function isForEverybody(mode: string | undefined): boolean {
  return mode !== undefined && (Number.parseInt(mode, 8) & 0o002) !== 0;
}

/** Changes parameters of a line, from the last to the first so that positions stay valid. */
function changed(line: string, changes: readonly (readonly [Token | undefined, string, string])[]) {
  const end = tokenize(line).at(-1)?.end ?? 0;
  return changes
    .toSorted(([a], [b]) => (b?.start ?? end) - (a?.start ?? end))
    .reduce((text, [token, name, value]) => {
      const before = text.slice(0, token?.start ?? end);
      return `${before}${token === undefined ? ` ${name} ` : ''}${value}${text.slice(token?.end ?? end)}`;
    }, line);
}

/**
 * The text with level admin for the stats socket at `path`; null if it has no such socket. A second line with the same
 * path would conflict with the first. If everybody may write to the socket, it gets mode 660, because it now controls
 * HAProxy. If it already has level admin and such a mode, this is taken as intended and only reported.
 */
export function withAdminLevel(text: string, path: string, warnings: string[]): string | null {
  const lines = [...splitLines(text)];
  const indexes = findSections(lines)
    .filter(({ keyword }) => keyword === 'global')
    .flatMap(({ start, end }) =>
      Array.from({ length: end - start - 1 }, (_, index) => start + 1 + index),
    );
  for (const index of indexes) {
    const line = lines[index] ?? '';
    const tokens = tokenize(line);
    const [keyword, kind, where] = tokens.map((token) => token.text);
    if (keyword !== 'stats' || kind !== 'socket' || where?.replace(/^unix@/, '') !== path) continue;
    const level = parameter(tokens, 'level');
    const mode = parameter(tokens, 'mode');
    const open = isForEverybody(mode?.text);
    const whoever = `anybody who may write to it controls HAProxy. Give other programs a stats socket of their own, with level user`;
    if (level?.text === 'admin') {
      if (open)
        warnings.push(
          `line ${index + 1}: the stats socket ${path} has level admin and mode ${mode?.text}: ${whoever}`,
        );
      return text;
    }
    warnings.push(
      open
        ? `line ${index + 1}: the stats socket ${path} of the template gets level admin, and mode 660 in place of ${mode?.text}: ${whoever}`
        : `line ${index + 1}: the stats socket ${path} of the template gets level admin`,
    );
    lines[index] = changed(line, [
      [level, 'level', 'admin'],
      ...(open ? ([[mode, 'mode', '660']] as const) : []),
    ]);
    return lines.join('');
  }
  return null;
}
