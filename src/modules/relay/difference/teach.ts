import { breathe } from '../../../clock.ts';
import type { LessonChunk } from '../../../lesson/chunk.ts';
import { type Recorded, type RecordOptions, recordLesson } from '../../../lesson/record.ts';
import { type DifferenceStep, pieceBytes } from './messages.ts';
import { createStalls } from './stalls.ts';

export interface TeachOptions {
  readonly id: string;
  readonly record: RecordOptions;
  readonly send: (step: DifferenceStep) => void;
  /** Resolves when the pupil has asked for one more chunk; rejects when it does not for too long, or is gone. */
  readonly asked: () => Promise<void>;
}

/** Sends all that HAProxy holds, a chunk each time the pupil asks for one. Never throws. */
export async function teach({ id, record, send, asked }: TeachOptions): Promise<Recorded> {
  const stalls = createStalls('path' in record.at ? 'path' : 'tcp');
  /** The pupil waits for a chunk. */
  let waits = false;

  async function give({ bytes, atMs }: LessonChunk): Promise<void> {
    const takenMs = record.now();
    if (!waits) await asked();
    waits = false;
    const ageMs = Math.max(0, record.now() - atMs);
    const uncertainMs = stalls.ms;
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const part = bytes.subarray(at, at + pieceBytes);
      const last = at + pieceBytes >= bytes.length;
      send({ step: 'piece', id, ageMs, uncertainMs, bytes: part.toString('base64'), last });
    }
    // What HAProxy has ready gets older meanwhile.
    await breathe();
    stalls.add(bytes.length, record.now() - takenMs);
  }

  let recorded: Recorded;
  try {
    await asked();
    waits = true;
    recorded = await recordLesson(record, give);
  } catch (error) {
    recorded = { kind: 'consumer', why: error instanceof Error ? error.message : String(error) };
  }
  send({ step: 'end', id, why: recorded.kind === 'whole' ? null : recorded.why.slice(0, 500) });
  return recorded;
}
