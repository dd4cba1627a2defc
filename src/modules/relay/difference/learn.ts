import type { LessonChunk } from '../../../lesson/chunk.ts';
import { createPassage } from '../../../lesson/passage.ts';
import { playLesson } from '../../../lesson/play.ts';
import { type Counts, chooser } from './chooser.ts';
import { indexOwn, type NotIndexed, type OwnOptions } from './own-entries.ts';
import type { RemoteLesson } from './remote-lesson.ts';

export interface LearnOptions extends OwnOptions {
  readonly lesson: Pick<RemoteLesson, 'next'> & Partial<Pick<RemoteLesson, 'marks'>>;
  /** No session brings what was written lately, so nothing counts as recent. */
  readonly withoutSession?: true;
}

export type Learned =
  | {
      readonly kind: 'learned';
      /** Entries that HAProxy lacked, that were newer at the peer, or that were decided for by their values. */
      readonly taken: number;
      /** Of these: it had another value. */
      readonly newer: number;
      readonly skipped: number;
      /** Of these: it was written too late to say, and the session is to bring it. */
      readonly recent: number;
      /** Of these: it has expired, or its table is another one here. */
      readonly expired: number;
      readonly otherTable: number;
      /** Tables that hold entries of which it cannot be told who has the newer value. */
      readonly left: readonly string[];
    }
  | NotIndexed;

/** Gets from a peer what the own HAProxy lacks, or has older. Never throws. */
export async function learnDifference(options: LearnOptions): Promise<Learned> {
  const { record, lesson } = options;
  const own = await indexOwn(options);
  if ('kind' in own) return own;
  const counts: Counts = {
    ...{ missing: 0, newer: 0, tie: 0, 'same-or-older': 0, recent: 0 },
    ...{ 'other-table': 0, expired: 0 },
  };
  const comparedAtMs = options.withoutSession ? Number.POSITIVE_INFINITY : own.startMs;
  const left = new Set<string>();
  const marks = lesson.marks?.() ?? new Map();
  const choices = chooser({ own, counts, left, now: record.now, comparedAtMs, marks });
  const passage = createPassage();

  async function* taken(): AsyncGenerator<LessonChunk> {
    const definitions: Buffer[] = [];
    for (;;) {
      const chunk = await lesson.next();
      if (chunk === null) return;
      const before = passage.passed;
      const bytes = await passage.passInTurns(chunk.bytes, choices(chunk));
      // Definitions alone are kept until there is something to be defined.
      if (passage.passed === before) definitions.push(bytes);
      else yield { bytes: Buffer.concat([...definitions.splice(0), bytes]), atMs: chunk.atMs };
    }
  }

  const chunks = taken();
  try {
    const first = await chunks.next();
    if (first.done !== true) {
      const played = await playLesson(
        { ...record, asked: false },
        startingWith(first.value, chunks),
      );
      if (played.kind !== 'played') return { kind: 'failed', why: played.why };
    }
  } catch (error) {
    return { kind: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
  const { missing, newer, tie } = counts;
  const all = missing + newer + tie;
  return {
    kind: 'learned',
    taken: all,
    newer: newer + tie,
    skipped: passage.seen - all,
    recent: counts.recent,
    expired: counts.expired,
    otherTable: counts['other-table'],
    left: [...left],
  };
}

async function* startingWith(first: LessonChunk, rest: AsyncIterable<LessonChunk>) {
  yield first;
  yield* rest;
}
