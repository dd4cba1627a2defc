import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ByteStream } from '../../../../../src/modules/relay/legs/byte-stream.ts';
import type { Leg } from '../../../../../src/modules/relay/legs/open-leg.ts';
import { splice } from '../../../../../src/modules/relay/splice/splice.ts';
import {
  ackReset,
  heartbeat,
  resyncConfirm,
  stickTable,
  stickTypes,
} from '../../../../../src/modules/relay/wire/messages.ts';
import { eventually } from '../../../../helpers/eventually.ts';
import { anyMessages, bytesOf, chunksOf } from '../../../../helpers/peer-messages.ts';
import { linkInMemory } from '../../../../rig/relay-pair.ts';

/** A leg without a HAProxy, and what stands for its other end. */
function legInMemory(): { leg: Leg; haproxy: ByteStream; hangUp: (why: string) => void } {
  const [near, haproxy] = linkInMemory();
  const { promise: closed, resolve: hangUp } = Promise.withResolvers<string>();
  const leg: Leg = {
    ...near,
    slot: 's1',
    finishWriting() {},
    close: (why = 'closed by the sidecar') => hangUp(why),
    closed,
    ended: closed.then((why) => ({ why, code: undefined, connected: true })),
  };
  return { leg, haproxy, hangUp };
}

const update = { class: stickTable, type: stickTypes.update, content: new Uint8Array(9) };

function heard(stream: ByteStream): () => Buffer {
  const chunks: Buffer[] = [];
  stream.onData((chunk) => void chunks.push(chunk));
  return () => Buffer.concat(chunks);
}

const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constant(20_000)), {
  minLength: 1,
  maxLength: 8,
});

describe('splice', () => {
  it('passes all bytes both ways, in order, and counts what passes', async () => {
    await fc.assert(
      fc.asyncProperty(anyMessages, anyMessages, sizes, async (out, back, cuts) => {
        const { leg, haproxy } = legInMemory();
        const [near, far] = linkInMemory();
        const toLink = heard(far);
        const toHaproxy = heard(haproxy);
        const passing = splice(leg, near, { restMs: 0 });
        const [outBytes, backBytes] = [bytesOf(out), bytesOf(back)];
        for (const chunk of chunksOf(outBytes, cuts)) haproxy.write(chunk);
        for (const chunk of chunksOf(backBytes, cuts)) far.write(chunk);

        const all = () => toLink().equals(outBytes) && toHaproxy().equals(backBytes);
        await eventually(all, { intervalMs: 1, timeoutMs: 2000 });
        expect(passing.bytes).toEqual({ in: backBytes.length, out: outBytes.length });
        const updates = (all: typeof out) =>
          all.filter((one) => [128, 129, 133, 134].includes(one.type)).length;
        expect(passing.updates.in).toBe(updates(back));
        expect(passing.updates.out).toBe(updates(out));
      }),
      { numRuns: 50 },
    );
  });

  describe('where both sidecars give their HAProxy the heartbeats', () => {
    it('none crosses the link, and nothing else is taken for one, however the stream is cut', async () => {
      const beatsAndMore = fc.array(
        fc.oneof(
          fc.constant([heartbeat]),
          anyMessages.map((all) => all.map((one) => bytesOf([one]))),
        ),
        { maxLength: 10 },
      );
      await fc.assert(
        fc.asyncProperty(beatsAndMore, async (groups) => {
          const { leg, haproxy } = legInMemory();
          const [near, far] = linkInMemory();
          const toLink = heard(far);
          const passing = splice(leg, near, { restMs: 0, beats: true });
          const messages = groups.flat();
          // As HAProxy writes them: an idle moment, and then a heartbeat alone.
          for (const message of messages) haproxy.write(message);
          const wanted = Buffer.concat(messages.filter((message) => !message.equals(heartbeat)));
          await eventually(() => toLink().equals(wanted), { intervalMs: 1, timeoutMs: 2000 });
          passing.stop();
        }),
        { numRuns: 50 },
      );
    });

    it('the bytes of one within a message are passed on', async () => {
      const { leg, haproxy } = legInMemory();
      const [near, far] = linkInMemory();
      const toLink = heard(far);
      const whole = Buffer.from([stickTable, stickTypes.update, 6, 1, 2, ...heartbeat, 3, 4]);
      const passing = splice(leg, near, { restMs: 0, beats: true });
      for (const part of [whole.subarray(0, 5), whole.subarray(5, 7), whole.subarray(7)])
        haproxy.write(part);
      await eventually(() => toLink().equals(whole), { intervalMs: 1 });
      passing.stop();
    });

    it('HAProxy that says nothing for 6 s ends the session, and it is told why', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
      const { leg } = legInMemory();
      const passing = splice(leg, linkInMemory()[0], { beats: true });
      await vi.advanceTimersByTimeAsync(9000);
      vi.useRealTimers();
      expect(await passing.ended).toBe('HAProxy has said nothing for 6 s');
    });
  });

  it('holds HAProxy up while the link takes nothing, and the link while HAProxy takes nothing', async () => {
    const { leg, haproxy } = legInMemory();
    const [near, far] = linkInMemory();
    const passing = splice(leg, near);
    const chunk = Buffer.alloc(20_000);
    let taken = 0;
    while (taken < 100 && haproxy.write(chunk)) taken += 1;
    let back = 0;
    while (back < 100 && far.write(chunk)) back += 1;

    expect([taken, back]).toEqual([1, 1]);
    expect(passing.bytes).toEqual({ in: 20_000, out: 20_000 });
    const toLink = heard(far);
    const toHaproxy = heard(haproxy);
    await eventually(() => toLink().length === 40_000 && toHaproxy().length === 40_000);
  });

  it('sends the first small chunk at once, and those that follow it together', async () => {
    const { leg, haproxy } = legInMemory();
    const sent: Buffer[] = [];
    const [near] = linkInMemory();
    const link: ByteStream = { ...near, write: (chunk) => sent.push(chunk) > 0 };
    splice(leg, link, { restMs: 5 });
    haproxy.write(Buffer.from('first'));
    haproxy.write(Buffer.from('second'));

    expect(sent.map(String)).toEqual(['first']);
    await eventually(() => sent.length === 2, { intervalMs: 1 });
  });

  it('lets confirmations wait for what comes next, in order, and not for ever', async () => {
    const { leg, haproxy } = legInMemory();
    const sent: Buffer[] = [];
    const [near] = linkInMemory();
    const link: ByteStream = { ...near, write: (chunk) => sent.push(chunk) > 0 };
    splice(leg, link, { restMs: 0 });
    haproxy.write(ackReset(1));
    haproxy.write(ackReset(2));
    expect(sent).toEqual([]);
    haproxy.write(resyncConfirm);
    const three = [ackReset(1), ackReset(2), resyncConfirm];
    await eventually(() => Buffer.concat(sent).equals(Buffer.concat(three)), { intervalMs: 1 });
    expect(sent).toHaveLength(1);

    haproxy.write(ackReset(3));
    await eventually(() => sent.at(-1)?.equals(ackReset(3)) === true);
  });

  it('reads on at once after a heartbeat, which is followed by nothing', () => {
    const { leg, haproxy } = legInMemory();
    const sent: Buffer[] = [];
    const [near] = linkInMemory();
    splice(leg, { ...near, write: (chunk) => sent.push(chunk) > 0 }, { restMs: 60_000 });
    haproxy.write(heartbeat);
    haproxy.write(heartbeat);

    expect(sent).toEqual([heartbeat, heartbeat]);
  });

  it('reads on at once after a confirmation, which is followed by nothing', () => {
    const { leg, haproxy } = legInMemory();
    const sent: Buffer[] = [];
    const [near] = linkInMemory();
    splice(leg, { ...near, write: (chunk) => sent.push(chunk) > 0 }, { restMs: 60_000 });
    haproxy.write(ackReset(1));
    haproxy.write(ackReset(2));
    haproxy.write(bytesOf([update]));

    expect(sent).toEqual([Buffer.concat([ackReset(1), ackReset(2), bytesOf([update])])]);
  });

  it.each([
    ['a half one', ackReset(1).subarray(0, 5)],
    ['one with an update behind it', Buffer.concat([ackReset(1), bytesOf([update])])],
    ['what is no message', Buffer.from([10, 255, 255, 255, 255, 255, 255, 255, 255])],
  ])('takes nothing else for a confirmation: %s', (_title, chunk) => {
    const { leg, haproxy } = legInMemory();
    const sent: Buffer[] = [];
    const [near] = linkInMemory();
    splice(leg, { ...near, write: (bytes) => sent.push(bytes) > 0 });
    haproxy.write(chunk);

    expect(sent).toEqual([chunk]);
  });

  describe('the first heartbeat', () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    });
    afterEach(() => {
      vi.useRealTimers();
    });
    it.each([
      ['comes from here after two seconds, once', [bytesOf([update])], [heartbeat]],
      ['does not come into the middle of a message', [bytesOf([update]).subarray(0, 5)], []],
      ['does not come behind what is no message', [Buffer.alloc(9, 255)], []],
    ])('%s', (_title, before, after) => {
      const { leg, haproxy } = legInMemory();
      const [near, far] = linkInMemory();
      const toHaproxy = heard(haproxy);
      const passing = splice(leg, near);
      for (const chunk of before) far.write(chunk);
      vi.advanceTimersByTime(1999);
      expect(toHaproxy()).toEqual(Buffer.concat(before));
      vi.advanceTimersByTime(10_000);
      expect(toHaproxy()).toEqual(Buffer.concat([...before, ...after]));
      passing.stop();
    });
    it('does not come after the end', () => {
      const { leg } = legInMemory();
      splice(leg, linkInMemory()[0]).stop();
      expect(vi.getTimerCount()).toBe(0);
    });
  });

  it('ends when the leg is closed, says why, and leaves the link open for the next one', async () => {
    const { leg, haproxy, hangUp } = legInMemory();
    const [near, far] = linkInMemory();
    const passing = splice(leg, near);
    // HAProxy takes nothing: the link is held up.
    far.write(Buffer.alloc(20_000));
    far.write(Buffer.alloc(20_000));
    hangUp('HAProxy was reloaded');

    expect(await passing.ended).toBe('HAProxy was reloaded');
    heard(haproxy);
    const next = legInMemory();
    const toNext = heard(next.haproxy);
    splice(next.leg, near);
    far.write(Buffer.from('next'));
    await eventually(() => toNext().toString() === 'next');
  });

  it('closes the leg when it is stopped, and passes nothing more', async () => {
    const { leg, haproxy } = legInMemory();
    const [near, far] = linkInMemory();
    const toHaproxy = heard(haproxy);
    const passing = splice(leg, near);
    passing.stop();
    far.write(Buffer.from('late'));

    expect(await passing.ended).toBe('closed by the sidecar');
    expect(toHaproxy()).toHaveLength(0);
    expect(passing.bytes).toEqual({ in: 0, out: 0 });
  });
});
