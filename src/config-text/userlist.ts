import { encrypt, verify } from 'unixcrypt';
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
