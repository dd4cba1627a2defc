import { describe, expect, it } from 'vitest';
import type { Played } from '../../../../../src/lesson/play.ts';
import type { Member } from '../../../../../src/model/member.ts';
import type { Observed } from '../../../../../src/model/observed.ts';
import type { PeersState } from '../../../../../src/model/peers-state.ts';
import type { Worker } from '../../../../../src/model/worker.ts';
import type { SnapshotNeeds } from '../../../../../src/modules/snapshot/create.ts';
import { createReloadSnapshots } from '../../../../../src/modules/snapshot/reload/create.ts';
import { createRestoring } from '../../../../../src/modules/snapshot/restoring.ts';
import type { Status } from '../../../../../src/telemetry/status-schema.ts';
import { capturedLog } from '../../../../helpers/captured-log.ts';
import { member } from '../../../../helpers/members.ts';
import { randomOf } from '../../../../helpers/random.ts';
import { headerOf } from '../../../../helpers/snapshot-input.ts';
import { status } from '../../../../helpers/status.ts';

const { signal } = new AbortController();
const tick = () => new Promise(setImmediate);

/**
 * One replica of a world: its HAProxy is what the test makes of it, the decisions are real. `fileMs`: the date of its newest snapshot.
 */
function replica(
  name: string,
  fileMs: number | null,
  world: {
    readonly nowMs: () => number;
    readonly members: () => readonly Member[];
    readonly ask: (name: string) => Promise<Status | null>;
  },
  wasReady: Worker | null = null,
) {
  const { log } = capturedLog();
  let observed: Observed = { kind: 'down', why: 'not started' };
  let needs: SnapshotNeeds | undefined;
  const played: number[] = [];
  const look = {
    answer: { kind: 'played', entries: 3, expired: 0 } as Played,
    onPlay: () => {},
  };
  const reload = createReloadSnapshots({
    snapshots(given) {
      needs = given;
      return {
        recording: { run: async () => {}, last: async () => {}, records: () => false },
        shown: () => ({ records: false, last: null, failure: null, restored: null }),
        byHand() {},
        restoring: createRestoring({
          ...{ self: name, log, now: world.nowMs, wallNow: () => 1e12, limitMs: 60_000 },
          find: async () => ({
            refused: [],
            found:
              fileMs === null
                ? null
                : {
                    path: 'f',
                    header: { ...headerOf({ takenAtMs: fileMs }), seal: null },
                    trailer: { entries: 3, bytes: 30, chunks: 1, tookMs: 5 },
                  },
          }),
          async play() {
            played.push(world.nowMs());
            look.onPlay();
            return look.answer;
          },
          tables: async () => [],
          on: { restored() {}, refused() {}, failed() {} },
        }),
      };
    },
    leg: { at: { host: '127.0.0.1', port: 3000 }, local: name, slot: 'lesson' },
    alone: (act) => act(),
    ...{ self: name, wasReady, joinTimeoutMs: 60_000, now: world.nowMs },
    members: () => ({
      ...{ synced: true, members: world.members(), notes: [], awaited: 0, observedAtMs: 0 },
    }),
    observe: async () => observed,
    running: async () =>
      observed.kind === 'up' && observed.worker
        ? { kind: 'worker', worker: observed.worker }
        : { kind: 'gone' },
    ask: ({ name: other }) => world.ask(other),
  });
  return {
    ...{ name, reload, played, look },
    standing: () => needs?.standing(),
    see(pid: number, part: Partial<PeersState> = {}) {
      const state: PeersState = {
        ...{ section: 'p', resync: 'alone', handedOver: false, localName: name },
        ...{ peers: [], tables: [], entries: 0, ...part },
      };
      observed = { kind: 'up', worker: { pid, startedAtSeconds: 1 }, state };
    },
    down() {
      observed = { kind: 'down', why: 'ended' };
    },
    async pass() {
      await reload.module.runtime?.(false, signal);
      await tick();
      return reload.module.waits?.(observed) ?? null;
    },
    async status(): Promise<Status | null> {
      if (observed.kind === 'down' || observed.state === null)
        return status(name, { resync: null });
      return status(name, { resync: observed.state.resync, ...(await reload.status()) });
    },
  };
}

/** A replica whose peers are what the test says of them. */
function alone(fileMs: number | null = 5, answers: Record<string, Status> = {}, wasReady?: Worker) {
  let nowMs = 0;
  const members = ['a', ...Object.keys(answers)].map((name) => member(name));
  const one = replica(
    'a',
    fileMs,
    {
      nowMs: () => nowMs,
      members: () => members,
      ask: async (name) => answers[name] ?? null,
    },
    wasReady,
  );
  return { one, answers, members, pass: (ms: number) => (nowMs += ms) };
}

describe('a HAProxy in reload mode', () => {
  it('is not ready before it is decided, and gets its snapshot once', async () => {
    const { one } = alone();
    one.see(1, { resync: 'pending', handedOver: undefined });
    expect(await one.pass()).toMatch(/not restored yet|not decided/);
    expect(one.played).toEqual([]);
    one.see(1);
    await one.pass();
    expect(await one.pass()).toBeNull();
    await one.pass();
    expect(one.played).toHaveLength(1);
    expect(await one.reload.status()).toMatchObject({ restore: { holds: true } });
    one.see(2, { handedOver: true, entries: 3 });
    await one.pass();
    expect(await one.pass()).toBeNull();
    expect(one.played).toHaveLength(1);
    one.see(3);
    await one.pass();
    await one.pass();
    expect(one.played).toHaveLength(2);
  });

  it('gets it through the reload with which peers come in, and through one in its middle', async () => {
    const { one, answers, pass } = alone(5, { b: status('b', { resync: null }) });
    one.see(1, { entries: 1 });
    await one.pass();
    expect(await one.pass()).toMatch(/not known what they hold: b/);
    one.see(2, { handedOver: true, entries: 1 });
    expect(
      one.reload.module.waits?.({
        kind: 'up',
        state: null,
        worker: { pid: 2, startedAtSeconds: 1 },
      }),
    ).not.toBeNull();
    await one.pass();
    answers.b = status('b');
    pass(1000);
    one.look.answer = { kind: 'closed', why: 'HAProxy has ended the session' };
    one.look.onPlay = () => one.see(3, { handedOver: true, entries: 2 });
    await one.pass();
    expect(one.played).toHaveLength(1);
    one.look.answer = { kind: 'played', entries: 3, expired: 0 };
    one.look.onPlay = () => {};
    await one.pass();
    await one.pass();
    expect(one.played).toHaveLength(2);
    expect(await one.pass()).toBeNull();
    one.see(4, { handedOver: true, entries: 3 });
    await one.pass();
    expect(await one.pass()).toBeNull();
    expect(one.played).toHaveLength(2);
  });

  it.each([
    ['it has learned from a peer', {}, { resync: 'learned', entries: 4 }],
    ['the worker before handed over', {}, { handedOver: true, entries: 4 }],
    ['a peer is ready', { b: status('b', { ready: true }) }, {}],
    ['a peer has restored', { b: status('b', { restore: { holds: true, offer: null } }) }, {}],
    [
      'a peer holds entries',
      { b: status('b', { tables: [{ name: 't', size: 9, used: 1, shared: true }] }) },
      {},
    ],
  ] as const)('gets none where %s', async (_, answers, state) => {
    const { one } = alone(5, answers);
    one.see(1, state);
    await one.pass();
    expect(await one.pass()).toBeNull();
    expect(one.played).toEqual([]);
  });

  it('that was ready before this program started gets none', async () => {
    const { one } = alone(5, {}, { pid: 1, startedAtSeconds: 1 });
    one.see(1);
    expect(await one.pass()).toBeNull();
    expect(one.played).toEqual([]);
    one.reload.readyWith(null);
    one.see(2);
    await one.pass();
    await one.pass();
    expect(one.played).toHaveLength(1);
  });

  it('waits for who does not answer, until the limit', async () => {
    const { one, pass } = alone(5, { b: status('x', { resync: null }) });
    one.see(1);
    for (let at = 0; at < 59; at++) {
      expect(await one.pass()).not.toBeNull();
      pass(1000);
    }
    expect(one.played).toEqual([]);
    pass(1000);
    await one.pass();
    expect(one.played).toHaveLength(1);
  });

  it('tells nothing of a worker that was not looked at', async () => {
    const { one } = alone();
    one.see(1);
    await one.pass();
    one.reload.readyWith({ pid: 1, startedAtSeconds: 1 });
    expect(await one.reload.status()).toMatchObject({ restore: { holds: true } });
    one.see(2);
    expect((await one.reload.status()).restore).toEqual({ offer: 'looking' });
    one.down();
    expect((await one.reload.status()).restore).toEqual({ offer: 'looking' });
  });

  it('is not recorded while it is about to be reloaded', async () => {
    const { one, pass } = alone();
    const stop = new AbortController();
    one.reload.readyWith({ pid: 1, startedAtSeconds: 1 });
    expect(one.standing()?.ready).toBe(false);
    const recording = one.reload.record(stop.signal);
    await tick();
    expect(one.standing()).toEqual({ ready: true, leaving: false, others: [] });
    await one.reload.module.prepare?.();
    expect(one.standing()?.ready).toBe(false);
    one.reload.readyWith({ pid: 2, startedAtSeconds: 1 });
    expect(one.standing()?.ready).toBe(true);
    await one.reload.module.prepare?.();
    pass(10_000);
    expect(one.standing()?.ready).toBe(true);
    stop.abort();
    await recording;
  });
});

describe.each([1, 2, 3, 4, 5, 6, 7, 8])('replicas that all start anew, order %i', (seed) => {
  it('have the newest snapshot restored by one, and nothing where one of them lives', async () => {
    const random = randomOf(seed);
    for (const survivor of [false, true]) {
      let nowMs = 0;
      const names = ['a', 'b', 'c', 'd', 'e'];
      const files = names.map((_, at) => (random() < 0.3 ? null : 1000 + at));
      const all: ReturnType<typeof replica>[] = [];
      const world = {
        nowMs: () => nowMs,
        members: () => names.map((name) => member(name)),
        ask: async (name: string) => all.find((each) => each.name === name)?.status() ?? null,
      };
      for (const [at, name] of names.entries()) all.push(replica(name, files[at] ?? null, world));
      const startsMs = all.map(() => random() * 20_000);
      const learnsMs = all.map(() => random() * 6000);
      const lives = all[Math.floor(random() * all.length)];
      if (survivor && lives) {
        lives.see(9, { handedOver: true, entries: 7 });
        lives.reload.readyWith({ pid: 9, startedAtSeconds: 1 });
      }
      const others = all.filter((each) => !survivor || each !== lives);
      for (; nowMs < 40_000; nowMs += 250) {
        for (const [at, each] of all.entries()) {
          if (!others.includes(each) || nowMs < (startsMs[at] ?? 0)) continue;
          const learns = nowMs < (startsMs[at] ?? 0) + (learnsMs[at] ?? 0);
          each.see(1, learns ? { resync: 'pending', handedOver: undefined } : {});
          if (random() < 0.8) await each.pass();
        }
      }
      const newest = Math.max(...files.map((each) => each ?? 0));
      const restored = all.filter(({ played }) => played.length > 0).map(({ name }) => name);
      const first = names.filter((_, at) => files[at] === newest);
      expect(restored).toEqual(survivor || newest === 0 ? [] : first);
      for (const each of others) expect(await each.pass()).toBeNull();
    }
  });
});
