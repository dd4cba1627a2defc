import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  pieceBytes,
  readStep,
  writeStep,
} from '../../../../../src/modules/relay/difference/messages.ts';
import { createRemoteLesson } from '../../../../../src/modules/relay/difference/remote-lesson.ts';
import { createRequests } from '../../../../../src/modules/relay/difference/requests.ts';
import { maxTextBytes, textFrame } from '../../../../../src/modules/relay/links/frames.ts';
import { readMessage } from '../../../../../src/modules/relay/pairing/messages.ts';

function lessonOf(answerMs = 1000) {
  const sent: unknown[] = [];
  let nowMs = 0;
  const lesson = createRemoteLesson('one', (step) => sent.push(step), {
    ...{ now: () => nowMs, answerMs },
  });
  return { lesson, sent, pass: (ms: number) => (nowMs += ms) };
}
const piece = (bytes: Buffer, last: boolean, ageMs = 0) => ({
  ...{ step: 'piece' as const, id: 'one', ageMs, uncertainMs: 5 },
  ...{ bytes: bytes.toString('base64'), last },
});

it('puts the pieces of each chunk together, and says how old it may be', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 9000 }), { minLength: 1, maxLength: 4 }),
      async (chunks) => {
        const { lesson, sent, pass } = lessonOf();
        lesson.hear({ step: 'granted', id: 'one' });
        await lesson.granted();
        for (const content of chunks) {
          const next = lesson.next();
          pass(20);
          const bytes = Buffer.from(content);
          for (let at = 0; at < bytes.length; at += pieceBytes)
            lesson.hear(
              piece(bytes.subarray(at, at + pieceBytes), at + pieceBytes >= bytes.length, 30),
            );
          const got = await next;
          expect(got?.bytes).toEqual(bytes);
          expect(got?.uncertainMs).toBe(25);
          pass(0);
        }
        lesson.hear({ step: 'end', id: 'one', why: null });
        expect(await lesson.next()).toBeNull();
        expect(sent).toHaveLength(chunks.length);
      },
    ),
    { numRuns: 50 },
  );
});

it('sends no piece that a message cannot hold, and earlier versions leave it alone', () => {
  const full = piece(Buffer.alloc(pieceBytes, 255), false, 1e12 + 0.123456789);
  const message = writeStep({ ...full, id: 'x'.repeat(40), uncertainMs: 1e12 + 0.123456789 });
  expect(textFrame('message', message).length).toBeLessThan(maxTextBytes);
  expect(readStep(JSON.parse(JSON.stringify(message)))).toMatchObject({ step: 'piece' });
  expect(readMessage(message)).toBeNull();
  expect(readStep({ type: 'lesson', why: 'x' })).toBeNull();
  expect(readStep({ type: 'difference', step: 'later' })).toBeNull();
});

it('ends for every fault with what it is', async () => {
  const refused = lessonOf().lesson;
  refused.hear({ step: 'refused', id: 'one', why: 'busy' });
  await expect(refused.granted()).rejects.toThrow('busy');

  const broken = lessonOf().lesson;
  const next = broken.next();
  broken.hear({ step: 'end', id: 'one', why: 'HAProxy was reloaded' });
  await expect(next).rejects.toThrow('HAProxy was reloaded');

  const unlinked = lessonOf().lesson;
  const waiting = unlinked.next();
  unlinked.fail('the link has ended');
  await expect(waiting).rejects.toThrow('the link has ended');
  await expect(unlinked.next()).rejects.toThrow('the link has ended');

  await expect(lessonOf(5).lesson.granted()).rejects.toThrow('no answer within 5 ms');

  const large = lessonOf().lesson;
  const chunk = large.next();
  for (let at = 0; at < 9; at++) large.hear(piece(Buffer.alloc(256 * 1024), false));
  await expect(chunk).rejects.toThrow('a chunk of more than');
});

it('hands on each request of a pupil once, and ends with it', async () => {
  const requests = createRequests('one', 5);
  requests.more();
  await requests.next();
  const next = requests.next();
  requests.more();
  await next;
  await expect(requests.next()).rejects.toThrow('has not gone on');
  const last = requests.next();
  requests.end();
  await expect(last).rejects.toThrow('wants no more');
});

it('knows nothing of an earlier link where the other side does not say whether there was one', () => {
  const said = { type: 'difference', step: 'standing', settledMs: 5 };

  expect(readStep(said)).toEqual({ step: 'standing', settledMs: 5, hadLink: false });
  expect(readStep({ ...said, hadLink: true })).toMatchObject({ hadLink: true });
});
