import { errorMessage } from '../../errors.ts';
import type { LessonChunk } from '../../lesson/chunk.ts';
import type { Played } from '../../lesson/play.ts';
import { type OpenSnapshot, openSnapshot } from '../../snapshot/file/open-snapshot.ts';

async function* chunksOf(file: OpenSnapshot): AsyncGenerator<LessonChunk> {
  for await (const { messages, takenAtMs } of file.chunks('again'))
    yield { bytes: messages, atMs: takenAtMs };
}

/** Verifies the file once more, which may be another one by now, and plays it. Times are dates. Never throws. */
export async function playSnapshot(
  path: string,
  keys: readonly Buffer[],
  play: (chunks: AsyncIterable<LessonChunk>) => Promise<Played>,
): Promise<Played> {
  let file: OpenSnapshot;
  try {
    file = await openSnapshot(path, keys);
  } catch (error) {
    return { kind: 'consumer', why: errorMessage(error) };
  }
  try {
    return await play(chunksOf(file));
  } finally {
    await file.close();
  }
}
