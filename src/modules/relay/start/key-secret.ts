import { randomBytes } from 'node:crypto';
import { AppError, UserError } from '../../../errors.ts';
import { writeFileAtomic } from '../../../files/files.ts';
import type { Connect } from '../../../kubernetes/connection.ts';
import { createSecret, readSecret, type SecretName } from '../../../kubernetes/secrets.ts';
import type { Log } from '../../../log.ts';
import { makeSecret, parseKeys, readKeyFile } from '../links/keys.ts';

/** Where the keys of all replicas are. */
export interface KeyStore {
  /** The text of the Secret's `key`; undefined: it has none; null: there is no Secret. */
  read(): Promise<string | undefined | null>;
  /** False: another pod was first. */
  create(text: string): Promise<boolean>;
}

/** Read, not there, created by another one, and read again; once more for who deletes it in between. */
const attempts = 3;

/**
 * The keys that all replicas share, made by whoever comes first. What is there is never changed: one that cannot be used is a
 * `UserError` RELAY_KEY_INVALID. Throws what the store throws.
 */
export async function sharedKeys(
  store: KeyStore,
  name: string,
  makeKey: () => string,
): Promise<{ readonly text: string; readonly isNew: boolean }> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const text = await store.read();
    if (text !== null) return { text: usable(text, name), isNew: false };
    const made = makeKey();
    if (await store.create(made)) return { text: made, isNew: true };
  }
  throw new AppError(
    'KUBERNETES_BAD_ANSWER',
    `The Secret ${name} is not there, and cannot be created because it is: ${attempts} times`,
  );
}

function usable(text: string | undefined, name: string): string {
  const problems = text === undefined ? ['it has no entry "key"'] : parseKeys(text).problems;
  if (text !== undefined && problems.length === 0) return text;
  throw new UserError(
    'RELAY_KEY_INVALID',
    `The Secret ${name} cannot be used: ${problems.join('; ')}`,
    {
      hint: `Nothing in it was changed. Delete it if nobody needs it, and init makes it anew, or make it by hand: ${makeSecret}`,
    },
  );
}

/**
 * Writes the keys of the Secret to the file that the sidecars read, for their user alone. An API server that does not answer
 * is no hindrance where the file is there already.
 */
export async function provideKey(options: {
  readonly secret: SecretName;
  readonly file: string;
  readonly connect: Connect;
  readonly log: Log;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { secret, file, log, signal } = options;
  const { name } = secret;
  try {
    const connection = await options.connect();
    try {
      const store: KeyStore = {
        read: () => readSecret(connection, secret, 'key', signal),
        create: (key) => createSecret(connection, secret, { key }, signal),
      };
      const { text, isNew } = await sharedKeys(store, name, () =>
        randomBytes(32).toString('base64'),
      );
      await writeFileAtomic(file, text, { mode: 0o600 });
      log.info({ secret: name, file }, isNew ? 'the key of the relay was made' : 'key read');
    } finally {
      connection.close();
    }
  } catch (error) {
    const isAway = error instanceof AppError && error.code === 'KUBERNETES_UNREACHABLE';
    if (!isAway || signal.aborted) throw error;
    await readKeyFile(file).catch(() => {
      throw error;
    });
    log.warn({ secret: name, file, why: error.message }, 'the key that was read before is used');
  }
}
