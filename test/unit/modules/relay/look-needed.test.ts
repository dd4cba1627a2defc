import { expect, it } from 'vitest';
import { createLookNeeded } from '../../../../src/modules/relay/look-needed.ts';

function needed() {
  let nowMs = 0;
  let paired = false;
  const look = createLookNeeded(
    () => paired,
    () => nowMs,
  );
  const ended = new AbortController();
  return {
    ended,
    /** Whether it resolves without anything more happening. */
    async now() {
      let isNow = false;
      const stop = new AbortController();
      const waited = look.until(stop.signal).then(() => {
        isNow = !stop.signal.aborted;
      });
      await Promise.resolve();
      await Promise.resolve();
      stop.abort();
      await waited;
      return isNow;
    },
    until: () => look.until(ended.signal),
    set(isPaired: boolean) {
      paired = isPaired;
      look.changed();
    },
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

it('without a session it is needed all the time', async () => {
  const look = needed();
  expect(await look.now()).toBe(true);
  look.pass(60_000);
  expect(await look.now()).toBe(true);
});

it('with one it is needed for as long as a worker before may still answer, and no longer', async () => {
  const look = needed();
  look.set(true);
  look.pass(9999);
  expect(await look.now()).toBe(true);
  look.pass(1);
  expect(await look.now()).toBe(false);
});

it.each([true, false])(
  'who waits is told when a session begins or ends (there is another: %s)',
  async (other) => {
    const look = needed();
    look.set(true);
    look.pass(20_000);
    let isOver = false;
    const waiting = look.until().then(() => {
      isOver = true;
    });
    await Promise.resolve();
    expect(isOver).toBe(false);
    look.set(other);
    await waiting;
    expect(await look.now()).toBe(true);
  },
);

it('who waits is let go at the end', async () => {
  const look = needed();
  look.set(true);
  look.pass(20_000);
  const waiting = look.until();
  look.ended.abort();
  await waiting;
});
