import { readFile, stat } from 'node:fs/promises';
import { errorMessage, RemoteError } from '../errors.ts';

/** Basic authentication with the password in a file, which may change. */
export interface Credentials {
  /** The value of the Authorization header. Throws `DATAPLANE_UNAUTHORIZED` while there is no password. */
  header(): Promise<string>;
  /** Always reads the file again. True if the password has changed. */
  refresh(): Promise<boolean>;
}

/** A password that was given and never changes. */
export function fixedCredentials(user: string, password: string): Credentials {
  const value = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return { header: () => Promise.resolve(value), refresh: () => Promise.resolve(false) };
}

/**
 * The file is read again when its inode, time or size changes: a mounted Secret is replaced by a rename, and
 * `init` may write it after we started.
 */
export function createCredentials(user: string, passwordFile: string): Credentials {
  let fingerprint = '';
  let password = '';

  async function load(force: boolean): Promise<string> {
    try {
      const { ino, mtimeMs, size } = await stat(passwordFile);
      const seen = `${ino} ${mtimeMs} ${size}`;
      if (force || seen !== fingerprint) {
        password = (await readFile(passwordFile, 'utf8')).replace(/[\r\n]+$/, '');
        fingerprint = seen;
      }
    } catch (error) {
      fingerprint = '';
      throw noPassword(`cannot be read: ${errorMessage(error)}`, error);
    }
    if (password === '') throw noPassword('is empty');
    return password;
  }

  function noPassword(why: string, cause?: unknown): RemoteError {
    return new RemoteError('DATAPLANE_UNAUTHORIZED', `Password file ${passwordFile} ${why}`, {
      retryable: true,
      stage: 'auth',
      cause,
      hint: 'The init container writes this file. Mount the shared volume here, and make the file readable for this user.',
    });
  }

  return {
    async header() {
      const secret = await load(false);
      return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
    },
    async refresh() {
      const before = password;
      return (await load(true)) !== before;
    },
  };
}
