import { argv, kill, pid } from 'node:process';
import { wallNow } from '../../../src/clock.ts';
import type { LessonChunk } from '../../../src/lesson/chunk.ts';
import { playLesson } from '../../../src/lesson/play.ts';
import { openSnapshot } from '../../../src/snapshot/file/open-snapshot.ts';
import { local } from '../../rig/relay-stand.ts';

/** Plays FILE to the HAProxy that listens at SOCKET, and kills itself before that part, or after the last one. */
const [, , path = '', socket = '', part = ''] = argv;
const file = await openSnapshot(path);

async function* chunks(): AsyncGenerator<LessonChunk> {
  let at = 0;
  for await (const { messages, takenAtMs } of file.chunks()) {
    if (at === Number(part)) kill(pid, 'SIGKILL');
    at += 1;
    yield { bytes: messages, atMs: takenAtMs };
  }
  if (at === Number(part)) kill(pid, 'SIGKILL');
}
const { signal } = new AbortController();
await playLesson(
  {
    ...{ at: { path: socket }, local, slot: 'lesson', timeoutMs: 5000, silentMs: 20_000, signal },
    ...{ asked: false, now: wallNow },
  },
  chunks(),
);
