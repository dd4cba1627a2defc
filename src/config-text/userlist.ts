import { encrypt, verify } from 'unixcrypt';

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
