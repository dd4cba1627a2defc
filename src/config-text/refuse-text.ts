import { AppError } from '../errors.ts';
import { isHaproxyName, isPlainPath, quoted } from '../model/names.ts';

const kinds = {
  /** Of a section or a user. */
  name: (text: string) => isHaproxyName(text) || /^[A-Za-z0-9_.@-]+$/.test(text),
  path: isPlainPath,
  /** crypt(3). */
  hash: (text: string) => /^[A-Za-z0-9$./=,]+$/.test(text),
} as const;

/**
 * `AppError` CONFIG_INVALID for a text that would be read as more than itself where it is written. Options are checked
 * when they are read (src/config/texts.ts); this is for every later way that a text may come.
 */
export function refuseText(kind: keyof typeof kinds, what: string, text: string): void {
  if (kinds[kind](text)) return;
  const shown = kind === 'hash' ? '' : ` ${quoted(text)}`;
  throw new AppError('CONFIG_INVALID', `Not written: the ${what}${shown} is no ${kind}`);
}
