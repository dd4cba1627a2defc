import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alone, createDesk, type Seat } from '../../../../../src/modules/relay/difference/desk.ts';

const { signal } = new AbortController();
const seatOf = (uid: string): Seat => ({ uid, asking: true, yield() {} });

describe('what is done alone at the desk', () => {
  it('gives one lesson at a time, and the next as soon as that is over', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 12 }), async (turns, count) => {
        const desk = createDesk();
        let running = 0;
        let done = 0;
        const all = Array.from({ length: count }, () =>
          alone(
            desk,
            async () => {
              running += 1;
              expect(running).toBe(1);
              await turns.schedule(Promise.resolve());
              running -= 1;
              done += 1;
            },
            signal,
          ),
        );
        await turns.waitFor(Promise.all(all));
        expect(done).toBe(count);
      }),
    );
  });

  it('is free again after one that has failed', async () => {
    const desk = createDesk();
    const failed = alone(desk, () => Promise.reject(new Error('HAProxy was stopped')), signal);
    const next = alone(desk, async () => 'next', signal);

    await expect(failed).rejects.toThrow('HAProxy was stopped');
    expect(await next).toBe('next');
  });

  it('waits no longer than the signal says, and takes the desk from nobody then', async () => {
    const desk = createDesk();
    const seat = seatOf('one');
    desk.take(seat);
    const stop = new AbortController();
    let acts = 0;
    const waiting = alone(desk, async () => (acts += 1), stop.signal);
    expect(acts).toBe(0);
    stop.abort();

    expect(await waiting).toBe(1);
    expect(desk.take(seatOf('other'))).toBe(false);
    desk.free(seat);
    expect(await alone(desk, async () => 'at once', stop.signal)).toBe('at once');
    expect(acts).toBe(1);
    expect(desk.take(seatOf('other'))).toBe(true);
  });

  it('passes over one that has nothing to do any more', () => {
    const desk = createDesk();
    const seat = seatOf('one');
    desk.take(seat);
    const begun: string[] = [];
    desk.queue(() => void begun.push('nothing to do'));
    desk.queue(() => void begun.push('next'));
    desk.free(seat);

    expect(begun).toEqual(['nothing to do', 'next']);
  });
});
