import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors.ts';

/** Held as long as this process lives: the kernel takes it back from one that was killed. */
export interface OneOfItsKind {
  release(): Promise<void>;
}

/** The same for every way to write it. The socket itself is made anew by each HAProxy. */
async function nameOf(adminSocket: string): Promise<string> {
  const folder = dirname(adminSocket);
  const real = await realpath(folder).catch(() => folder);
  const path = join(real, basename(adminSocket));
  return createHash('sha256').update(path).digest('hex').slice(0, 32);
}

/**
 * Two processes that give the same HAProxy servers would take them from each other, so that the second does not start. The lock is
 * a name in the abstract space of Unix sockets (unix(7)), which leaves no file behind; it holds within one network namespace.
 */
export async function oneOfItsKind(adminSocket: string): Promise<OneOfItsKind> {
  const server = createServer((socket) => socket.destroy());
  const path = `\0haproxy-peer-sync.backends.${await nameOf(adminSocket)}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new UserError(
          'CONFIG_INVALID',
          `Another haproxy-peer-sync backends runs for the HAProxy of ${adminSocket}: ${error.message}`,
          { hint: 'Give one process all --backend of a HAProxy, or stop the other.', cause: error },
        ),
      ),
    );
    server.listen({ path }, resolve);
  });
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}
