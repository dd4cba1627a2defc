/** haproxy.cfg as text: enough of its syntax (configuration manual §2.2) to change single lines and nothing else. */

export interface Token {
  /** Unquoted and unescaped; environment variables expanded where they are (double quotes, and `${…}`). */
  readonly text: string;
  /** Position in the line, quotes included. */
  readonly start: number;
  readonly end: number;
  /** The word has a variable. `unset`: its value is not known here, so `text` is not what HAProxy reads. */
  readonly variable?: 'set' | 'unset';
}

export interface Section {
  readonly keyword: string;
  /** Empty for `global`. */
  readonly name: string;
  /** Index of the header line, and of the line after the last one of the section. */
  readonly start: number;
  readonly end: number;
}

export type Variables = Readonly<Record<string, string | undefined>>;

const sectionKeywords: ReadonlySet<string> = new Set([
  'global',
  'defaults',
  'frontend',
  'backend',
  'listen',
  'peers',
  'userlist',
  'resolvers',
  'mailers',
  'cache',
  'ring',
  'program',
  'http-errors',
  'log-forward',
  'log-profile',
  'fcgi-app',
  'crt-store',
  'traces',
  'acme',
  'healthcheck',
]);

/** Lines with their line ends, so that joining them gives the same bytes. */
export function splitLines(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** The line end that the file uses. */
export function lineEnd(text: string): '\r\n' | '\n' {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

interface Piece {
  readonly text: string;
  readonly end: number;
  readonly variable?: Token['variable'];
}

const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/**
 * The character after a backslash. If HAProxy does not know the escape, the backslash stays (seen with 2.6 and 3.4).
 */
function readEscape(line: string, at: number, quoted: boolean): Piece {
  const next = line[at + 1] ?? '';
  const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4))?.[1];
  if (hex !== undefined) {
    return { text: String.fromCharCode(Number.parseInt(hex, 16)), end: at + 4 };
  }
  const control = controls[next];
  if (control !== undefined) return { text: control, end: at + 2 };
  if (next !== '' && (' #\\"\''.includes(next) || (quoted && next === '$'))) {
    return { text: next, end: at + 2 };
  }
  return { text: '\\', end: at + 1 };
}

function readVariable(line: string, at: number, env: Variables): Piece {
  // `${.FILE}` and similar are HAProxy's own, and `${X[*]}` may be several words: neither is known here.
  const match = /^\$(?:\{(\.?[A-Za-z_]\w*)(\[\*\])?(?:-([^}]*))?\}|([A-Za-z_]\w*))/.exec(
    line.slice(at),
  );
  if (match === null) return { text: '$', end: at + 1 };
  const [whole, braced, many, fallback, bare] = match;
  const key = braced ?? bare ?? '';
  const known = Object.hasOwn(env, key) ? env[key] : undefined;
  const value = many === undefined ? (known ?? fallback) : undefined;
  const end = at + whole.length;
  return value === undefined
    ? { text: '', end, variable: 'unset' }
    : { text: value, end, variable: 'set' };
}

/** Combines what is known of two pieces. */
function both(one: Token['variable'], other: Token['variable']): Token['variable'] {
  return one === 'unset' || other === undefined ? one : other;
}

function readDoubleQuoted(line: string, from: number, env: Variables): Piece {
  let text = '';
  let at = from;
  let variable: Token['variable'];
  while (at < line.length && line[at] !== '"') {
    let piece: Piece = { text: line[at] ?? '', end: at + 1 };
    if (line[at] === '\\') piece = readEscape(line, at, true);
    else if (line[at] === '$') piece = readVariable(line, at, env);
    text += piece.text;
    at = piece.end;
    variable = both(variable, piece.variable);
  }
  return { text, end: at + 1, ...(variable && { variable }) };
}

function readToken(line: string, from: number, env: Variables): Token {
  let text = '';
  let at = from;
  let variable: Token['variable'];
  while (at < line.length && !/[\s#]/.test(line[at] ?? '')) {
    const character = line[at] ?? '';
    if (character === '\\') {
      const piece = readEscape(line, at, false);
      text += piece.text;
      at = piece.end;
    } else if (character === "'") {
      const close = line.indexOf("'", at + 1);
      const stop = close === -1 ? line.length : close;
      text += line.slice(at + 1, stop);
      at = stop + 1;
    } else if (character === '"') {
      const piece = readDoubleQuoted(line, at + 1, env);
      text += piece.text;
      at = piece.end;
      variable = both(variable, piece.variable);
    } else {
      text += character;
      at += 1;
    }
  }
  return { text, start: from, end: Math.min(at, line.length), ...(variable && { variable }) };
}

/**
 * The words of one line. A comment ends the line. The end of the line closes open quotes: HAProxy refuses such a line.
 */
export function tokenize(whole: string, env: Variables = {}): readonly Token[] {
  const line = whole.replace(/\r?\n$/, '');
  const tokens: Token[] = [];
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line[at] ?? '')) {
      at += 1;
      continue;
    }
    if (line[at] === '#') break;
    const token = readToken(line, at, env);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

/**
 * The directive of a line, without its dot, or undefined: `if`, `elif`, `else`, `endif`, `alert`, `warning`, `notice`
 * and `diag` are known, and any other first word with a dot is one that HAProxy refuses (src/cfgparse.c, 2.4 to 3.5).
 */
export function directiveOf(line: string): string | undefined {
  if (!/^\s*[."'\\]/.test(line)) return undefined;
  const [first] = tokenize(line);
  return first?.text.startsWith('.') === true ? first.text.slice(1) : undefined;
}

/** The depth of each line in `.if` blocks. The lines that open and close a block are outside of it. */
export function blockDepths(lines: readonly string[]): readonly number[] {
  let depth = 0;
  return lines.map((line) => {
    const directive = directiveOf(line);
    if (directive === 'endif') depth -= 1;
    const own = directive === 'elif' || directive === 'else' ? depth - 1 : depth;
    if (directive === 'if') depth += 1;
    return own;
  });
}

/** Skips most lines quickly, because a file of 60,000 lines is searched several times. */
function mayBeHeader(line: string): boolean {
  const [, word = ''] = /^\s*([^\s#]*)/.exec(line) ?? [];
  return sectionKeywords.has(word) || /["'\\]/.test(word);
}

/**
 * All sections in order. Comments and blank lines before the next header belong to that section, and so does an `.if`
 * block that contains it. A section ends where a line added at its end applies whenever its header does.
 */
export function findSections(lines: readonly string[]): readonly Section[] {
  const sections: Section[] = [];
  lines.forEach((line, index) => {
    if (!mayBeHeader(line)) return;
    const [keyword, name] = tokenize(line);
    if (keyword === undefined || !sectionKeywords.has(keyword.text)) return;
    sections.push({ keyword: keyword.text, name: name?.text ?? '', start: index, end: index + 1 });
  });
  return sections.map((section, index) => {
    const next = sections[index + 1]?.start ?? lines.length;
    return { ...section, end: sectionEnd(lines, section.start, next) };
  });
}

/** A line added after these would be inside a block. */
const begins: ReadonlySet<string | undefined> = new Set(['if', 'elif', 'else']);

function sectionEnd(lines: readonly string[], start: number, next: number): number {
  const body = lines.slice(start + 1, next);
  let end = start + 1;
  for (const [index, depth] of blockDepths(body).entries()) {
    const line = body[index] ?? '';
    if (depth < 0) break;
    if (depth === 0 && !begins.has(directiveOf(line)) && !/^\s*(#|$)/.test(line)) {
      end = start + 1 + index + 1;
    }
  }
  return end;
}

export function findSection(
  lines: readonly string[],
  keyword: string,
  name?: string,
): Section | undefined {
  return findSections(lines).find(
    (section) => section.keyword === keyword && (name === undefined || section.name === name),
  );
}
