import { describe, expect, it } from 'vitest';
import { type DueInput, snapshotDue } from '../../../../src/snapshot/decide/due.ts';
import { superfluous } from '../../../../src/snapshot/decide/keep.ts';
import { type Candidate, takesSnapshots } from '../../../../src/snapshot/decide/taker.ts';
import { readSnapshotName, snapshotName } from '../../../../src/snapshot/file/names.ts';
import { randomOf } from '../../../helpers/random.ts';

const ready = (name: string, more: Partial<Candidate> = {}): Candidate => ({
  ...{ name, ready: true, terminating: false, ...more },
});

describe('who takes snapshots', () => {
  it('is the first by name that is ready and stays, or nobody else is known to be', () => {
    expect(takesSnapshots('b', [])).toBe(true);
    expect(takesSnapshots('b', [ready('a')])).toBe(false);
    expect(takesSnapshots('b', [ready('c')])).toBe(true);
    expect(takesSnapshots('b', [ready('a', { terminating: true })])).toBe(true);
    expect(takesSnapshots('b', [ready('a', { ready: false })])).toBe(true);
    expect(takesSnapshots('b', [ready('a', { ready: undefined })])).toBe(true);
  });

  it('is exactly one of those that see the same, and at least one whatever each sees', () => {
    const random = randomOf(1);
    for (let round = 0; round < 500; round += 1) {
      const all = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, at) =>
        ready(`web-${at}`, {
          ready: random() < 0.7,
          terminating: random() < 0.3,
        }),
      );
      const able = all.filter((each) => each.ready && !each.terminating);
      const takers = (see: (each: Candidate) => Candidate) =>
        able.filter(({ name }) =>
          takesSnapshots(name, all.filter((each) => each.name !== name).map(see)),
        );
      expect(takers((each) => each)).toHaveLength(able.length > 0 ? 1 : 0);
      const dim = takers((each) => (random() < 0.5 ? { ...each, ready: undefined } : each));
      expect(dim.length > 0).toBe(able.length > 0);
    }
  });
});

describe('when a snapshot is taken', () => {
  const now: DueInput = {
    ready: true,
    isTaker: true,
    isLast: false,
    lastBegunMs: null,
    intervalMs: 30_000,
  };

  it('is at once, and then when the interval is over', () => {
    expect(snapshotDue(now, 1)).toEqual({ take: true });
    expect(snapshotDue({ ...now, lastBegunMs: 1000 }, 30_999)).toMatchObject({ take: false });
    expect(snapshotDue({ ...now, lastBegunMs: 1000 }, 31_000)).toEqual({ take: true });
    expect(snapshotDue({ ...now, lastBegunMs: 1000, isLast: true }, 1001)).toEqual({ take: true });
  });

  it.each([
    [{ ready: false }, 'not ready'],
    [{ isTaker: false }, 'another replica'],
    [{ isTaker: false, isLast: true }, 'another replica'],
    [{ ready: false, isLast: true }, 'not ready'],
  ])('is never with %j', (change, why) => {
    const due = snapshotDue({ ...now, ...change }, 1e12);
    expect(due).toMatchObject({ take: false, why: expect.stringContaining(why) });
  });
});

describe('what is kept', () => {
  const start = Date.UTC(2026, 0, 1);
  /** One each 30 s, pruned after each. */
  function play(count: number, seconds: number, clock: (ms: number) => number = (ms) => ms) {
    let files = [] as NonNullable<ReturnType<typeof readSnapshotName>>[];
    for (let at = 0; at < seconds; at += 30) {
      const name = snapshotName({
        sequence: at / 30 + 1,
        takenAtMs: clock(start + at * 1000),
        replica: 'a',
      });
      const read = readSnapshotName(name);
      if (read === null) throw new Error(name);
      files = [read, ...files];
      const gone = new Set(superfluous(files, count));
      files = files.filter(({ file }) => !gone.has(file));
    }
    return files;
  }

  it.each([1, 2, 3, 10])('is the newest %i, and one of an hour and of a day ago', (count) => {
    const files = play(count, 3 * 86_400);
    const newest = 3 * 2880;
    expect(files.slice(0, count).map(({ sequence }) => newest - sequence)).toEqual(
      Array.from({ length: count }, (_, index) => index),
    );
    expect(files.length).toBeLessThanOrEqual(count + 4);
    const endMs = start + 3 * 86_400_000;
    const ages = files.map(({ takenAtMs }) => (endMs - takenAtMs) / 3_600_000);
    expect(ages.some((hours) => hours >= 1 && hours <= 2.01)).toBe(true);
    expect(ages.some((hours) => hours >= 24 && hours <= 48.01)).toBe(true);
  });

  it('has the newest by number, and is bounded, whatever the clock does', () => {
    const random = randomOf(7);
    for (let round = 0; round < 20; round += 1) {
      const jumps = random() * 1e9;
      const files = play(3, 20_000, (ms) => ms + (random() < 0.05 ? -jumps : 0));
      expect(files[0]?.sequence).toBe(667);
      expect(files.length).toBeLessThanOrEqual(3 + 4);
    }
  });

  it('is at least one', () => {
    expect(play(0, 60).length).toBeGreaterThan(0);
    expect(superfluous([], 3)).toEqual([]);
  });
});
