import { nanoid } from 'nanoid';
import { readText, writeFileAtomic } from '../../../files/files.ts';

/** Long enough to be out of reach of guessing, and of characters that need no quoting anywhere. */
const valid = /^[A-Za-z0-9_-]{24,128}$/;

export interface PasswordFile {
  readonly password: string;
  /** False when the one that was there is kept: a restart must not lock the Data Plane API's users out. */
  readonly made: boolean;
}

/** The password in `path`, made and written when there is no valid one. */
export async function ensurePassword(
  path: string,
  access: { readonly mode: number; readonly gid?: number },
): Promise<PasswordFile> {
  const present = await readText(path).then(
    (text) => text.trim(),
    () => '',
  );
  if (valid.test(present)) return { password: present, made: false };
  const password = nanoid(32);
  await writeFileAtomic(path, `${password}\n`, access);
  return { password, made: true };
}
