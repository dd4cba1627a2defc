import { readFile, stat } from 'node:fs/promises';
import { errorMessage, UserError } from '../../errors.ts';

const leastBytes = 32;
const mostKeys = 2;
const mostFileBytes = 4096;

function invalid(path: string, why: string): UserError {
  return new UserError('SNAPSHOT_KEY_INVALID', `${path} cannot be used: ${why}`);
}

/**
 * The keys of a file, one a line, each of 32 bytes in base64: new snapshots are encrypted with the first, and those of both
 * are read. `UserError` SNAPSHOT_KEY_INVALID says what is wrong, and quotes no key.
 */
export async function readSnapshotKeys(path: string): Promise<readonly Buffer[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw invalid(path, errorMessage(error));
  });
  if (!found.isFile() || found.size > mostFileBytes)
    throw invalid(path, `it is no file of at most ${mostFileBytes} bytes`);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw invalid(path, errorMessage(error));
  });
  const lines = text.split('\n').flatMap((line) => line.trim() || []);
  if (lines.length === 0 || lines.length > mostKeys)
    throw invalid(path, `it has ${lines.length} keys: one, or two while they are changed`);
  return lines.map((line, index) => {
    const key = Buffer.from(line, 'base64');
    const isCanonical = key.toString('base64') === line;
    if (!isCanonical || key.length !== leastBytes)
      throw invalid(path, `key ${index + 1} is not ${leastBytes} bytes in base64`);
    return key;
  });
}
