import { eventually } from '../helpers/eventually.ts';
import type { CrewMember } from './relay-crew.ts';

/** Values by key. */
export async function heldBy({ stand }: CrewMember): Promise<ReadonlyMap<string, string>> {
  const text = await stand.ask('show table sessions');
  return new Map(
    [...text.matchAll(/key=(\S+).* gpc0=(\d+)/g)].map(([, key = '', value = '']) => [key, value]),
  );
}

/** All hold the same, with the same values, and at least so many entries: within 15 s. */
export function alike(all: readonly CrewMember[], atLeast: number): Promise<unknown> {
  return eventually(
    async () => {
      const [first, ...others] = await Promise.all(all.map(heldBy));
      const told = all.map(({ name }, index) => `${name}: ${[first, ...others][index]?.size}`);
      if ((first?.size ?? 0) < atLeast) throw new Error(`${told.join(', ')} of ${atLeast}`);
      for (const other of others) {
        const different = [...(first ?? [])].filter(([key, value]) => other.get(key) !== value);
        if (other.size !== first?.size || different.length > 0)
          throw new Error(`${told.join(', ')}; different: ${different.slice(0, 3).join(' ')}`);
      }
      return true;
    },
    { timeoutMs: 15_000, intervalMs: 100 },
  );
}
