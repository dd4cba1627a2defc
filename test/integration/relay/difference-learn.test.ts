import { describe, expect, it } from 'vitest';
import { monotonicNow } from '../../../src/clock.ts';
import type { LessonChunk } from '../../../src/lesson/chunk.ts';
import { playLesson } from '../../../src/lesson/play.ts';
import { recordLesson } from '../../../src/lesson/record.ts';
import { learnDifference } from '../../../src/modules/relay/difference/learn.ts';
import type { RemoteChunk } from '../../../src/modules/relay/difference/remote-lesson.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { local, type RelayStand } from '../../rig/relay-stand.ts';
import { relayStands } from '../../rig/test-relay-stand.ts';

const minuteMs = 60_000;

describe.each(haproxyVersions)('learnDifference, HAProxy %s', (title, haproxy) => {
  describe('real', unless(missingOf({ [`HAProxy ${title}`]: haproxy })), () => {
    const start = relayStands(haproxy);
    const session = ({ at }: RelayStand) => ({
      ...{ at, local, slot: 'lesson', tables: 4, now: monotonicNow },
      ...{ timeoutMs: 5000, silentMs: 5000, signal: new AbortController().signal },
    });

    async function recorded(stand: RelayStand): Promise<LessonChunk> {
      const parts: Buffer[] = [];
      await recordLesson(session(stand), ({ bytes }) => void parts.push(Buffer.from(bytes)));
      return { bytes: Buffer.concat(parts), atMs: monotonicNow() };
    }
    /** As it was so long ago. */
    const older = ({ bytes, atMs }: LessonChunk, ms: number) => ({ bytes, atMs: atMs - ms });
    async function* only(chunk: LessonChunk) {
      yield chunk;
    }

    /** A lesson of this chunk alone. */
    function learn(pupil: RelayStand, chunk: LessonChunk, uncertainMs = 0) {
      const chunks: RemoteChunk[] = [{ ...chunk, uncertainMs }];
      return learnDifference({
        ...{ record: session(pupil), entries: 10 },
        lesson: { next: async () => chunks.shift() ?? null },
      });
    }
    const valueAt = async (stand: RelayStand, key: string) =>
      /gpc0=(\d+)/.exec(await stand.ask(`show table sessions key ${key}`))?.[1];

    it('takes what is missing or newer, and nothing that is older, recent or uncertain', async () => {
      const [teacher, pupil] = await Promise.all([start(), start()]);
      await teacher.ask('set table sessions key both data.gpc0 1');
      const before = await recorded(teacher);
      await playLesson({ ...session(pupil), asked: false }, only(older(before, minuteMs)));
      expect(await valueAt(pupil, 'both')).toBe('1');
      await teacher.ask('set table sessions key both data.gpc0 2');
      await teacher.ask('set table sessions key missing data.gpc0 3');
      const now = await recorded(teacher);

      // Written this moment: the session brings it, and may have brought a later one already.
      expect(await learn(pupil, now)).toMatchObject({ taken: 0, recent: 2 });
      // Older than what the pupil has.
      expect(await learn(pupil, older(before, 2 * minuteMs))).toMatchObject({
        taken: 0,
        recent: 0,
      });
      expect(await valueAt(pupil, 'both')).toBe('1');
      // Nobody knows how old; what is missing is taken.
      expect(await learn(pupil, older(now, 5000), 2 * minuteMs)).toMatchObject({
        taken: 1,
        newer: 0,
      });
      expect(await valueAt(pupil, 'missing')).toBe('3');
      expect(await valueAt(pupil, 'both')).toBe('1');
      expect(await learn(pupil, older(now, 5000))).toMatchObject({ taken: 1, newer: 1 });
      expect(await valueAt(pupil, 'both')).toBe('2');
      // Nothing is left to be taken.
      expect(await learn(pupil, older(now, 5000))).toMatchObject({ taken: 0, skipped: 2 });
    });

    it('fails where HAProxy is in no state to learn, or the lesson cannot be read', async () => {
      const [teacher, pupil] = await Promise.all([start(), start()]);
      await teacher.write('key', 10);
      const chunk = older(await recorded(teacher), 5000);
      const cut = { ...chunk, bytes: chunk.bytes.subarray(0, chunk.bytes.length - 2) };
      expect(await learn(pupil, cut)).toMatchObject({ kind: 'failed' });
      await pupil.stop();
      expect(await learn(pupil, chunk)).toMatchObject({ kind: 'failed' });
    });
  });
});
