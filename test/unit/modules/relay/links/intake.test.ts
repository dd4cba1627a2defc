import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  dataHeader,
  sumsHeader,
  textFrame,
} from '../../../../../src/modules/relay/links/frames.ts';
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

it('hands on what waits only when the call that asked for it has returned, in its order', async () => {
  const messages = [1, 2, 3].map((at) => textFrame('message', { at }));
  const { read, got, intake } = intakeOf([Buffer.concat([...messages, data])]);
  read();
  expect(intake.reads()).toBe(false);
  let ready = false;
  intake.onMessage((message) => got.push(`${JSON.stringify(message)} ${ready}`));
  ready = true;
  await setImmediate();
  expect(got).toEqual(['{"at":1} true', '{"at":2} true', '{"at":3} true', 'data 10']);
  expect(intake.reads()).toBe(true);
});

it.each(['pauses', 'closes'])(
  'hands on nothing where somebody %s in the meantime',
  async (does) => {
    const stand = socketWith([textFrame('message', { at: 1 })]);
    let isOpen = true;
    const intake = createIntake(stand.socket, {
      control: () => expect.fail('there is none'),
      garbage: (why) => expect.fail(why),
      isOpen: () => isOpen,
    });
    intake.trust();
    stand.read();
    const got: unknown[] = [];
    intake.onMessage((message) => got.push(message));
    if (does === 'pauses') intake.pause();
    else isOpen = false;
    await setImmediate();
    expect(got).toEqual([]);
    intake.resume();
    await setImmediate();
    expect(got).toHaveLength(does === 'pauses' ? 1 : 0);
  },
);
