/** A part of a lesson: whole messages of tables and entries, each entry with the milliseconds that are left to it. */
export interface LessonChunk {
  readonly bytes: Buffer;
  /** When that was so: milliseconds of the clock that is given along. */
  readonly atMs: number;
}

/** Why a lesson could not be recorded or played to its end. */
export interface LessonFailure {
  readonly kind: /** There was no session: HAProxy does not accept, answers something else, or its slot could not be reset. */
    | 'refused'
    /** HAProxy has ended the session: it was reloaded or stopped, or another session has begun in the slot. */
    | 'closed'
    /** Nothing of the lesson for too long. */
    | 'silent'
    /** HAProxy says itself that it does not hold everything, or still learns. */
    | 'partial'
    /** It is no lesson, or one that cannot be read. */
    | 'broken'
    /** Whoever takes or gives the chunks has failed. */
    | 'consumer'
    | 'stopped';
  readonly why: string;
}

/** Milliseconds left to an entry `ageMs` later; null: it has expired. Tables whose entries stay say 0 for all. */
export function leftAfter(expiryMs: number, ageMs: number, tableExpireMs: number): number | null {
  if (tableExpireMs === 0) return expiryMs;
  const left = Math.floor(expiryMs - Math.max(0, ageMs));
  return left > 0 ? left : null;
}
