import { encrypt, verify } from 'unixcrypt';
import { findSection, lineEnd, splitLines, tokenize } from './config-text.ts';
import { refuseText } from './refuse-text.ts';

export interface DataplaneUser {
  /** Name of the section. */
  readonly userlist: string;
  readonly user: string;
  /** SHA-512 crypt. */
  readonly passwordHash: string;
}

/** The section with the user of the Data Plane API, for haproxy.cfg or a file of its own. `UserError` CONFIG_INVALID for what is none. */
export function userlistLines({ userlist, user, passwordHash }: DataplaneUser): readonly string[] {
  refuseText('name', 'userlist', userlist);
  refuseText('name', 'user', user);
  refuseText('hash', 'password hash', passwordHash);
  return [`userlist ${userlist}`, `    user ${user} password ${passwordHash}`];
}

/** The section with that user, in place of the one of that name, or at the end. */
export function withUser(text: string, user: DataplaneUser): string {
  const newline = lineEnd(text);
  const lines = splitLines(text);
  const section = findSection(lines, 'userlist', user.userlist);
  const rendered = userlistLines(user).map((line) => line + newline);
  if (section === undefined) {
    const gap = text === '' || text.endsWith('\n') ? '' : newline;
    return text + gap + newline + rendered.join('');
  }
  return [...lines.slice(0, section.start), ...rendered, ...lines.slice(section.end)].join('');
}

/** Whether there is a userlist of that name: with one in the template, the user is kept there. */
export function hasUserlist(template: string, name: string): boolean {
  return findSection(splitLines(template), 'userlist', name) !== undefined;
}

/** The password hash of `user` in the userlist `name`, if there is one. */
export function findHash(text: string, name: string, user: string): string | null {
  const lines = splitLines(text);
  const section = findSection(lines, 'userlist', name);
  for (const line of section === undefined ? [] : lines.slice(section.start + 1, section.end)) {
    const words = tokenize(line).map((token) => token.text);
    if (words[0] === 'user' && words[1] === user && words[2] === 'password')
      return words[3] ?? null;
  }
  return null;
}

/**
 * SHA-512 crypt with the default 5000 rounds left out of the text: the Data Plane API takes `$6$salt$hash` only,
 * four parts (dataplaneapi configuration/user.go, 2.9 to 3.4).
 */
export function hashPassword(password: string): string {
  return encrypt(password);
}

/** Whether `hash` is one that `hashPassword` made of `password`; false for every other text. */
export function verifyPassword(password: string, hash: string): boolean {
  if (!/^\$6\$[^$]+\$[^$]+$/.test(hash)) return false;
  try {
    return verify(password, hash);
  } catch {
    return false;
  }
}
