import { rm } from 'node:fs/promises';
import { type FileAccess, writeFileAtomic } from '../files/files.ts';
import { validateConfig } from './validate.ts';

/**
 * Writes `text` to `file` only if HAProxy takes it; the file of that name is not touched before. Returns HAProxy's warnings;
 * null: there is no HAProxy to check with, and it is written all the same. Throws as `validateConfig` does.
 */
export async function writeChecked(options: {
  readonly haproxyBin: string;
  readonly file: string;
  readonly text: string;
  readonly access: FileAccess;
}): Promise<readonly string[] | null> {
  const { haproxyBin, file, text, access } = options;
  const candidate = `${file}.candidate`;
  let warnings: readonly string[] | null;
  await writeFileAtomic(candidate, text, access);
  try {
    warnings = await validateConfig(haproxyBin, candidate);
  } finally {
    await rm(candidate, { force: true });
  }
  await writeFileAtomic(file, text, access);
  return warnings;
}
