import { createFresh, type FreshOptions } from './fresh.ts';
import { type Key, keyOf } from './secure.ts';

const mostKeys = 4;

/** The keys in force, for each handshake, as `createFresh` has them; none where there were never any. */
export function createKeyring({
  read,
  ...rest
}: FreshOptions<readonly Buffer[]>): () => Promise<readonly Key[]> {
  const fresh = createFresh({
    ...rest,
    async read() {
      const keys = (await read()).slice(0, mostKeys).map(keyOf);
      if (keys.length === 0) throw new Error('there is no key');
      return keys;
    },
  });
  return async () => (await fresh()) ?? [];
}
