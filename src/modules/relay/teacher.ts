import type { Sibling } from './sessions.ts';

/** Who is to teach a replica that lacks entries: the one with a session that holds most. Undefined: nobody can. */
export function teacherOf(siblings: readonly Sibling[]): Sibling | undefined {
  return siblings
    .filter(({ paired, view }) => paired && view?.learned === true)
    .toSorted((a, b) => (b.view?.entries ?? 0) - (a.view?.entries ?? 0))[0];
}
