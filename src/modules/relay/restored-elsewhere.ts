import type { Partner } from './ready.ts';

export interface RestoredElsewhereOptions {
  /** Asks that replica to teach ours all it holds. */
  readonly ask: (name: string, why: string) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** A lesson of 1,000,000 entries takes one to two seconds. */
const longestMs = 10_000;

/**
 * For a replica that waits while another one restores its snapshot: sessions were made before that, and HAProxy does not pass on
 * what it was taught. So that one is asked to teach it all, once.
 */
export function createRestoredElsewhere({ ask, now }: RestoredElsewhereOptions) {
  /** Those that were going to restore, and since when they were asked; null: they have not restored yet. */
  const restoring = new Map<string, number | null>();

  /** One look, as long as this replica is not ready: why it should not be yet; null: nothing. `entries`: held here. */
  return (entries: number, partners: readonly Partner[]): string | null => {
    for (const { member, view, paired } of partners) {
      const { name } = member;
      const shown = view?.snapshot;
      if (shown === undefined) continue;
      const askedMs = restoring.get(name);
      if (!shown.holds) {
        if (shown.offer !== null) restoring.set(name, null);
        continue;
      }
      if (askedMs === undefined) continue;
      if (entries >= (view?.entries ?? 0)) {
        restoring.delete(name);
        continue;
      }
      if (askedMs === null && paired) {
        ask(name, 'a snapshot was restored');
        restoring.set(name, now());
      }
      if (askedMs === null || now() - askedMs < longestMs)
        return `${name} has restored a snapshot, and teaches it`;
    }
    return null;
  };
}
