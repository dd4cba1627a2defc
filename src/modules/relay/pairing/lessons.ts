import type { View } from './view.ts';

/** What the own HAProxy does at the beginning of a session: it sends what the other has not got, or all. */
export type Lesson = { readonly teach: false } | { readonly teach: true; readonly why: string };

export interface LessonInput {
  readonly mine: View;
  /** The own worker that the other side has got everything of over this link; null: none yet. */
  readonly before: string | null;
  /** Why the other side has asked for it; null: it has not. */
  readonly asked: string | null;
}

/**
 * Whether the other side may lack what a worker of ours before this one had written: a new worker takes everything over as
 * learned, which it never pushes (R15). It is owed until it is taught, be it that the other side was reloaded meanwhile, too.
 * Only over one link: a full lesson can put an older value over a newer one of a member that was cut off (R12).
 */
export function owesLesson(before: string | null, mine: View): boolean {
  // The tables of one that was started anew are not those of the worker before.
  return before !== null && before !== mine.worker && !mine.fresh;
}

/** Whether our HAProxy is to teach the other all it holds. */
export function lesson({ mine, before, asked }: LessonInput): Lesson {
  // Who has not learned teaches a part.
  if (!mine.learned) return { teach: false };
  if (asked !== null) return { teach: true, why: asked };
  if (!owesLesson(before, mine)) return { teach: false };
  return { teach: true, why: 'HAProxy of this pod was reloaded' };
}

/** Another member, as far as it is known to this pod. */
export interface Other {
  readonly name: string;
  /** What it has told over the link; undefined: there is no link; null: its HAProxy does not answer. */
  readonly view: View | null | undefined;
  /** As of `Member`. */
  readonly serving?: boolean | undefined;
}

export type FirstLesson =
  /** Nobody holds anything: HAProxy is told that there is nothing to learn, in place of 5 s of waiting (R13). */
  | { readonly kind: 'nothing' }
  /** Somebody holds entries, or may: HAProxy learns over its slots. */
  | { readonly kind: 'learn'; readonly why: string }
  | { readonly kind: 'wait'; readonly why: string };

/** Whether there is anybody to learn from, for a HAProxy that has still to learn. */
export function firstLesson(synced: boolean, others: readonly Other[]): FirstLesson {
  if (!synced) return { kind: 'wait', why: 'the members are not known yet' };
  const learned = others.find(({ view }) => view?.learned === true);
  if (learned !== undefined) return { kind: 'learn', why: `${learned.name} has learned` };
  const unknown = others.filter(
    ({ view, serving }) => view === null || (view === undefined && serving !== false),
  );
  if (unknown.length > 0)
    return { kind: 'wait', why: `not known what they hold: ${names(unknown)}` };
  const holding = others.filter(({ view }) => view && view.entries > 0 && !view.fresh);
  if (holding.length > 0)
    return { kind: 'wait', why: `they hold entries and still learn: ${names(holding)}` };
  return { kind: 'nothing' };
}

function names(others: readonly Other[]): string {
  return others.map(({ name }) => name).join(', ');
}
