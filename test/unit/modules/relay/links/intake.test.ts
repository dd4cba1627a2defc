import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { dataHeader, sumsHeader } from '../../../../../src/modules/relay/links/frames.ts';
import { createIntake } from '../../../../../src/modules/relay/links/intake.ts';
import { turnBytes } from '../../../../../src/read-turns.ts';

const piece = 16 * 1024;

/** A socket that has a lot to give: it goes on until somebody pauses it, as Node's does. */
function socketWith(frames: readonly Buffer[]) {
  const left = [...frames];
  let isPaused = false;
  const socket = Object.assign(new EventEmitter(), {
    pause() {
      isPaused = true;
    },
    resume() {
      if (!isPaused) return;
      isPaused = false;
      read();
    },
  });
  function read(): void {
    while (!isPaused && left.length > 0) socket.emit('data', left.shift());
  }
  // It uses nothing else of a socket.
  return { socket: socket as unknown as Socket, left, read };
}

function intakeOf(frames: readonly Buffer[]) {
  const stand = socketWith(frames);
  const got: string[] = [];
  const intake = createIntake(stand.socket, {
    control: () => expect.fail('there is none'),
    garbage: (why) => expect.fail(why),
    isOpen: () => true,
  });
  intake.trust();
  intake.onData(({ length }) => got.push(`data ${length}`));
  intake.onSums(({ length }) => got.push(`sums ${length}`));
  return { ...stand, got, intake };
}

const sums = Buffer.concat([sumsHeader(piece), Buffer.alloc(piece)]);
const data = Buffer.concat([dataHeader(10), Buffer.alloc(10)]);
const inOneGo = Math.ceil(turnBytes / piece);

it('hands on so many sums in one turn, and the rest in the next ones, in their order', async () => {
  const { read, got, intake } = intakeOf([...Array.from({ length: 40 }, () => sums), data]);
  read();
  expect(got).toHaveLength(inOneGo);
  expect(intake.reads()).toBe(false);
  for (let turn = 2; got.length < 41; turn++) {
    await setImmediate();
    expect(got.length).toBeLessThanOrEqual(turn * inOneGo + 1);
  }
  expect(got).toEqual([...Array.from({ length: 40 }, () => `sums ${piece}`), 'data 10']);
  expect(intake.reads()).toBe(true);
});

it('does not read for sums what somebody else has stopped meanwhile', async () => {
  const { read, got, intake } = intakeOf(Array.from({ length: 10 }, () => sums));
  read();
  intake.pause();
  await setImmediate();
  await setImmediate();
  expect(got).toHaveLength(inOneGo);
  intake.resume();
  await setImmediate();
  await setImmediate();
  expect(got).toHaveLength(10);
});
