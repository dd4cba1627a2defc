import { describe, expect, it } from 'vitest';
import type { Played } from '../../../../src/lesson/play.ts';
import type { Found, Refused } from '../../../../src/modules/snapshot/find.ts';
import { createRestoring, type Look } from '../../../../src/modules/snapshot/restoring.ts';
import { capturedLog } from '../../../helpers/captured-log.ts';
import { headerOf, takenAtMs } from '../../../helpers/snapshot-input.ts';

const first: Look = {
  ...{ worker: 'w1', firstWorker: true, learns: true, ready: false, synced: true, others: [] },
};

const file = (path: string): Found => ({
  path,
  header: { ...headerOf(), seal: null },
  trailer: { entries: 3, bytes: 30, chunks: 1, tookMs: 5 },
});

const played: Played = { kind: 'played', entries: 3, expired: 0 };

/** What a HAProxy answers in turn, and a clock that the test sets. */
function bench(files: readonly string[], ...answers: readonly Played[]) {
  const { log, lines } = capturedLog();
  const plays: { readonly path: string; readonly asked: boolean }[] = [];
  const events: string[] = [];
  let left = [...answers];
  let nowMs = 0;
  const restoring = createRestoring({
    self: 'b',
    find: async (skip) => {
      const path = files.find((each) => !skip.has(each));
      return { found: path === undefined ? null : file(path), refused: [] };
    },
    async play({ path }, asked) {
      plays.push({ path, asked });
      const [answer = played, ...rest] = left;
      left = rest;
      return answer;
    },
    tables: async () => [{ name: 'sessions', keys: 'string 64' }],
    limitMs: 60_000,
    on: {
      restored: ({ path }) => events.push(`restored ${path}`),
      refused: ({ path }: Refused) => events.push(`refused ${path}`),
      failed: (why) => events.push(`failed ${why}`),
    },
    log,
    now: () => nowMs,
    wallNow: () => takenAtMs + 1000,
  });
  const signal = new AbortController().signal;
  const look = async (change: Partial<Look> = {}) => {
    const result = await restoring.look({ ...first, ...change }, signal);
    // The files are looked at beside it.
    await new Promise(setImmediate);
    return result;
  };
  return {
    restoring,
    look,
    plays,
    events,
    lines,
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

const closed: Played = { kind: 'closed', why: 'HAProxy has ended the session' };
const notAsked: Played = { kind: 'not-asked', why: 'HAProxy has not asked' };
const broken: Played = { kind: 'broken', why: 'no lesson' };

describe('the newest snapshot', () => {
  it('is played once to a worker, and again to one of another HAProxy', async () => {
    const { look, plays, restoring } = bench(['f']);
    expect(restoring.waits()).not.toBeNull();
    expect(await look()).toBe(false);
    expect(restoring.waits()).not.toBeNull();
    expect(await look()).toBe(true);
    expect(restoring.waits()).toBeNull();
    for (let at = 0; at < 3; at += 1) await look({ learns: false });
    expect(plays).toEqual([{ path: 'f', asked: true }]);
    expect(restoring.shown('w1')).toEqual({ holds: true, offer: null });
    await look({ worker: 'w2', firstWorker: false });
    await look({ worker: 'w2', firstWorker: false });
    expect(plays).toHaveLength(1);
    await look({ worker: 'w3' });
    await look({ worker: 'w3' });
    expect(plays).toHaveLength(2);
  });

  it('is not said of the next worker before that was looked at', async () => {
    const { look, restoring } = bench(['f']);
    expect(restoring.shown('w1')).toBeNull();
    await look();
    expect(restoring.shown('w2')).toBeNull();
    await look({ worker: 'w2' });
    expect(restoring.shown('w1')).toBeNull();
    expect(restoring.shown('w2')).not.toBeNull();
  });

  it('is played as updates when HAProxy was told meanwhile that there is nothing to learn', async () => {
    const { look, plays, restoring, events } = bench(['f'], notAsked, notAsked, notAsked, notAsked);
    for (let at = 0; at < 5; at += 1) await look();
    expect(restoring.waits()).not.toBeNull();
    await look({ learns: false });
    expect(plays.map(({ asked }) => asked)).toEqual([true, true, true, true, false]);
    expect(events).toEqual(['restored f']);
  });

  it('is given up when HAProxy never asks', async () => {
    const { look, plays, restoring, events } = bench(['f'], ...Array(20).fill(notAsked));
    for (let at = 0; at < 20; at += 1) await look();
    expect(plays).toHaveLength(15);
    expect(restoring.waits()).toBeNull();
    expect(events).toEqual(['failed HAProxy has not asked']);
  });

  it('is given as updates to a HAProxy that has given up learning', async () => {
    const { look, plays } = bench(['f']);
    await look({ learns: false });
    await look({ learns: false });
    expect(plays).toEqual([{ path: 'f', asked: false }]);
  });

  it('is not played to a worker that was ready, nor after one that handed its tables over', async () => {
    for (const change of [{ ready: true }, { firstWorker: false }]) {
      const { look, plays, restoring } = bench(['f']);
      await look(change);
      await look(change);
      expect(plays).toEqual([]);
      expect(restoring.waits()).toBeNull();
      expect(restoring.shown('w1')?.holds).toBe(true);
    }
  });

  it('is played to the next worker, too, where HAProxy was reloaded in the middle of it', async () => {
    const { look, plays } = bench(['f'], closed);
    await look({ learns: false });
    await look({ learns: false });
    await look({ worker: 'w2', firstWorker: false });
    await look({ worker: 'w2', firstWorker: false });
    expect(plays).toHaveLength(2);
  });

  it('is tried again when HAProxy ends the session, and given up after three times', async () => {
    const { look, plays, restoring, events } = bench(['f'], closed, closed, closed);
    for (let at = 0; at < 6; at += 1) await look();
    expect(plays).toHaveLength(3);
    expect(restoring.waits()).toBeNull();
    expect(restoring.shown('w1')).toEqual({ holds: false, offer: null });
    expect(events).toEqual(['failed HAProxy has ended the session']);
  });

  it('gives way to the one before it where it cannot be played', async () => {
    const { look, plays, events } = bench(['new', 'old'], broken);
    for (let at = 0; at < 4; at += 1) await look();
    expect(plays.map(({ path }) => path)).toEqual(['new', 'old']);
    expect(events).toEqual(['failed no lesson', 'restored old']);
  });
});

describe('others', () => {
  const holds = { name: 'a', holds: true, offer: null } as const;

  it('that hold entries leave nothing to wait for, and it is settled once HAProxy has learned', async () => {
    const { look, plays, restoring } = bench(['f']);
    await look({ others: [holds] });
    await look({ others: [holds] });
    expect(restoring.waits()).toBeNull();
    expect(restoring.shown('w1')?.holds).toBe(false);
    await look({ others: [holds], learns: false });
    expect(restoring.shown('w1')?.holds).toBe(true);
    await look({ learns: false });
    expect(plays).toEqual([]);
  });

  it('that hold entries and are gone before HAProxy has learned leave the snapshot', async () => {
    const { look, plays } = bench(['f']);
    await look({ others: [holds] });
    await look({ others: [holds] });
    await look();
    expect(plays).toHaveLength(1);
  });

  it('that do not answer are waited for, and no longer than that', async () => {
    const { look, plays, restoring, pass } = bench(['f']);
    const silent = { others: [{ name: 'a', holds: undefined, offer: null }] };
    await look(silent);
    pass(59_999);
    await look(silent);
    expect(plays).toEqual([]);
    expect(restoring.waits()).toContain('not known what they hold: a');
    pass(1);
    await look(silent);
    expect(plays).toHaveLength(1);
  });
});

it('nothing is decided while HAProxy does not answer, and nothing is thrown where files cannot be read', async () => {
  const { look, restoring } = bench([]);
  await look({ worker: null });
  expect(restoring.waits()).toBe('HAProxy does not answer');
  const { log, lines } = capturedLog();
  const failing = createRestoring({
    ...{ self: 'b', limitMs: 1, log, now: () => 0, wallNow: () => 0, tables: async () => [] },
    find: async () => {
      throw new Error('no key');
    },
    play: async () => played,
    on: { restored() {}, refused() {}, failed() {} },
  });
  const signal = new AbortController().signal;
  await failing.look(first, signal);
  await new Promise(setImmediate);
  await failing.look(first, signal);
  expect(failing.waits()).toBeNull();
  expect(lines.some(({ msg }) => msg.includes('cannot be read'))).toBe(true);
});
