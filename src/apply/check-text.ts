import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, RemoteError } from '../errors.ts';
import { writeFileAtomic } from '../files/files.ts';
import { validateConfig } from '../haproxy/validate.ts';

/** Throws a `RemoteError` RELOAD_FAILED where HAProxy does not take `text` in the place of `configFile`, which is not touched. */
export async function checkText(
  haproxyBin: string,
  configFile: string,
  text: string,
): Promise<void> {
  const candidate = join(dirname(configFile), `.${basename(configFile)}.check`);
  try {
    await writeFileAtomic(candidate, text, { mode: 0o600 });
    await validateConfig(haproxyBin, candidate);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'TEMPLATE_REJECTED') throw error;
    throw new RemoteError('RELOAD_FAILED', `Not written: ${error.message}`, {
      retryable: false,
      stage: 'validate',
      cause: error,
    });
  } finally {
    await rm(candidate, { force: true });
  }
}
