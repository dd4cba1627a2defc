import { readFile } from 'node:fs/promises';
import { AppError, errorMessage, UserError } from '../errors.ts';
import type { Labels } from '../model/selector.ts';

const line = /^(?<key>[^="\s]+)="(?<value>(?:[^"\\]|\\.)*)"$/;
const goEscape =
  /\\(?:(?<simple>[abfnrtv\\"'])|x(?<byte>[0-9a-fA-F]{2})|u(?<u4>[0-9a-fA-F]{4})|U(?<u8>[0-9a-fA-F]{8})|(?<bad>.?))/gs;
const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Undoes Go's strconv.Quote, which writes the file; undefined for an escape that Go does not know. */
function unquote(quoted: string): string | undefined {
  let bad = false;
  const text = quoted.replace(goEscape, (...match) => {
    const { simple, byte, u4, u8 }: Record<string, string | undefined> = match.at(-1);
    if (simple !== undefined) return simpleEscapes[simple] ?? simple;
    const code = Number.parseInt(byte ?? u4 ?? u8 ?? 'none', 16);
    if (Number.isNaN(code) || code > 0x10ffff) {
      bad = true;
      return '';
    }
    return String.fromCodePoint(code);
  });
  return bad ? undefined : text;
}

/**
 * The labels in a downward API file: one `key="value"` a line (kubelet's FormatMap: sorted, value quoted by Go).
 * Throws `UserError` CONFIG_INVALID with the number of the first line that is something else.
 */
export function parseLabelsFile(text: string): Labels {
  const labels: Record<string, string> = {};
  for (const [index, raw] of text.split('\n').entries()) {
    const trimmed = raw.trim();
    if (trimmed === '') continue;
    const { key, value } = line.exec(trimmed)?.groups ?? {};
    const unquoted = value === undefined ? undefined : unquote(value);
    if (key === undefined || unquoted === undefined) {
      throw new UserError(
        'CONFIG_INVALID',
        `Line ${index + 1} of the labels file is not key="value": ${trimmed.slice(0, 80)}`,
        { hint: 'Mount it as a downwardAPI volume item with fieldRef metadata.labels.' },
      );
    }
    labels[key] = unquoted;
  }
  return labels;
}

/** This pod's labels as kubelet has written them. Rejects with FILE_READ_FAILED or CONFIG_INVALID. */
export async function readLabelsFile(path: string): Promise<Labels> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
  return parseLabelsFile(text);
}

function unreadable(path: string, cause: unknown): AppError {
  const message = `The labels file ${path} cannot be read: ${errorMessage(cause)}`;
  const hint =
    'Mount a downwardAPI volume with fieldRef metadata.labels there, or give --selector.';
  return new AppError('FILE_READ_FAILED', message, { hint, cause });
}
