/**
 * What a terminal obeys, or shows as something else than it is: C0 (but the line break), DEL, C1, marks of writing
 * direction, invisible characters, line and paragraph separators, tags, and halves of a pair (Unicode 17, UTS 55).
 */
const unsafe = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `\u001b` for an escape character. */
function shown(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
}

/** A text from outside, for one line of a terminal: characters that are not visible are shown by their number. */
export function visible(text: string): string {
  return text.replace(unsafe, shown).replaceAll('\n', shown);
}

/** The same for a text of several lines, which its line breaks belong to. */
export function visibleLines(text: string): string {
  return text.replace(unsafe, shown);
}

/** The same for every text in a value, names of fields too. Undefined fields stay away, as in JSON. */
export function visibleIn<T>(value: T): T {
  return visibleValue(value) as T;
}

function visibleValue(value: unknown): unknown {
  if (typeof value === 'string') return visible(value);
  if (Array.isArray(value)) return value.map(visibleValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [visible(key), visibleValue(field)]),
  );
}

/** JSON text in which every such character is written as a JSON escape, so the parsed value is the same. */
export function escapeJson(json: string): string {
  return json.replace(unsafe, (char) => {
    const units = Array.from({ length: char.length }, (_, at) => char.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}
