import { stat } from 'node:fs/promises';
import { errorMessage, UserError } from '../../../errors.ts';
import { readText } from '../../../files/files.ts';

const leastBytes = 32;
const mostBytes = 256;
const mostKeys = 2;
const mostFileBytes = 4096;
/** A key with fewer different bytes was typed as a placeholder. */
const leastDifferent = 8;

export const makeKey = 'openssl rand -base64 32';
/** The command that makes the Secret, as the examples name it. */
export const makeSecret = `kubectl create secret generic haproxy-peer-sync-relay --from-literal=key="$(${makeKey})"`;

export interface KeyFile {
  /** The first is shown when dialling, each is accepted. */
  readonly keys: readonly Buffer[];
  readonly warnings: readonly string[];
}

/** Hex or base64 of 32 bytes and more is what it stands for; anything else is the text itself. */
export function keyBytes(line: string): Buffer {
  if (/^(?:[0-9a-f]{2})+$/i.test(line) && line.length >= 2 * leastBytes)
    return Buffer.from(line, 'hex');
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(line) && line.length % 4 === 0;
  const decoded = isBase64 ? Buffer.from(line, 'base64') : undefined;
  if (decoded !== undefined && decoded.length >= leastBytes) return decoded;
  return Buffer.from(line);
}

function problemOf(key: Buffer): string | undefined {
  if (key.length < leastBytes)
    return `has ${key.length} characters: at least ${leastBytes}, or hex or base64 of ${leastBytes} bytes`;
  if (key.length > mostBytes) return `stands for ${key.length} bytes: at most ${mostBytes}`;
  if (new Set(key).size < leastDifferent) return 'repeats a few characters: that is no secret';
  return undefined;
}

/** The keys in the text of a key file, one a line, and all that is wrong with it. No problem quotes a key. */
export function parseKeys(text: string): {
  readonly keys: readonly Buffer[];
  readonly problems: readonly string[];
} {
  const lines = text
    .split('\n')
    .map((line, index) => ({ line: line.trim(), at: index + 1 }))
    .filter(({ line }) => line !== '');
  const keys = lines.map(({ line }) => keyBytes(line));
  const problems = lines.flatMap(({ at }, index) => {
    const problem = problemOf(keys[index] ?? Buffer.alloc(0));
    return problem === undefined ? [] : [`line ${at} ${problem}`];
  });
  if (lines.length === 0) problems.push('it holds no key');
  if (lines.length > mostKeys)
    problems.push(
      `it holds ${lines.length} keys: at most ${mostKeys}, the new one and the old one`,
    );
  const [first, second] = keys;
  if (second !== undefined && first?.equals(second)) problems.push('both keys are the same');
  return { keys, problems };
}

function invalid(path: string, problems: readonly string[], cause?: unknown): UserError {
  return new UserError('RELAY_KEY_INVALID', `${path} cannot be used: ${problems.join('; ')}`, {
    hint: `One or two keys, one a line, the same for all replicas: ${makeSecret}, and mount its key there (examples/relay).`,
    cause,
  });
}

/** The key file, one of a mounted Secret as a rule. `UserError` RELAY_KEY_INVALID with all that is wrong. */
export async function readKeyFile(path: string): Promise<KeyFile> {
  const found = await stat(path).catch((error: unknown) => {
    throw invalid(path, [errorMessage(error)], error);
  });
  if (!found.isFile()) throw invalid(path, ['it is no regular file']);
  if (found.size > mostFileBytes)
    throw invalid(path, [`it has ${found.size} bytes: at most ${mostFileBytes} are read`]);
  const text = await readText(path).catch((error: unknown) => {
    throw invalid(path, [errorMessage(error)], error);
  });
  const { keys, problems } = parseKeys(text);
  if (problems.length > 0) throw invalid(path, problems);
  const isPublic = (found.mode & 0o004) !== 0;
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
  const warning = `${path} has mode ${mode}, so every user of the container can read the key; a Secret volume with defaultMode: 0440 and the pod's fsGroup is read by the group alone`;
  return { keys, warnings: isPublic ? [warning] : [] };
}
