import type { Commits } from '../dataplane/commits.ts';
import { damageError, refuseDamage, WouldDamage } from '../dataplane/damage.ts';
import type { Seen } from '../dataplane/read-config.ts';

/** What `make` does to what was `seen`; throws a `RemoteError` where a line of somebody else would be damaged. */
export type Refusing = <T>(seen: Seen, make: () => Promise<T>, signal: AbortSignal) => Promise<T>;

export function createRefusing({
  commits,
  onDamage,
}: {
  readonly commits: Pick<Commits, 'rehearse'>;
  /** Any write of `text` would damage what others have written in it: `why` says what. */
  readonly onDamage: (text: string, why: string) => void;
}): Refusing {
  async function anyWriteDamages({ text, version }: Seen, signal: AbortSignal): Promise<boolean> {
    const written = await commits.rehearse(version, signal);
    try {
      refuseDamage(text, written, []);
      return false;
    } catch (error) {
      if (error instanceof WouldDamage) return true;
      throw error;
    }
  }

  return async (seen, make, signal) => {
    try {
      return await make();
    } catch (error) {
      if (!(error instanceof WouldDamage)) throw error;
      const damage = damageError(error);
      // What any write would damage is not tried again by any module. What one edit alone would damage does not stop the others.
      if (await anyWriteDamages(seen, signal)) onDamage(seen.text, damage.message);
      throw damage;
    }
  };
}
