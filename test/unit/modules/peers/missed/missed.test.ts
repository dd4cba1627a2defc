import { describe, expect, it } from 'vitest';
import type { Member } from '../../../../../src/model/member.ts';
import type { Observed } from '../../../../../src/model/observed.ts';
import { createRepair } from '../../../../../src/modules/peers/missed/missed.ts';
import type { Status } from '../../../../../src/telemetry/status-schema.ts';
import { capturedLog } from '../../../../helpers/captured-log.ts';
import { member, peer, self, up } from '../../../../helpers/members.ts';
import { status as statusOf } from '../../../../helpers/status.ts';

function status(name: string, used: number, resync: Status['resync'] = 'alone'): Status {
  return statusOf(name, {
    resync,
    tables: [
      { name: 'sessions', size: 1000, used, shared: true },
      { name: 'private', size: 1000, used: name === 'a' ? 0 : 900, shared: false },
    ],
  });
}

const connected: Observed = up({
  resync: 'alone',
  peers: [peer('b'), peer('c', { established: false })],
});

/** A confirmation whose world the test sets; the hard-reload teaches what the siblings hold. */
function bench(
  options: {
    supported?: boolean;
    teaches?: boolean;
    compares?: boolean;
    siblings?: number;
    mode?: Status['mode'];
    trust?: { own: NonNullable<Status['trust']>; theirs: NonNullable<Status['trust']> };
  } = {},
) {
  const { supported = true, teaches = true, siblings = 500, trust } = options;
  const { log, lines } = capturedLog();
  const outcomes: string[] = [];
  const asked: string[] = [];
  const silences: (readonly string[])[] = [];
  let held = 0;
  let hardReloads = 0;
  let nowMs = 0;
  const confirm = createRepair({
    self: self('a'),
    mode: 'reload',
    ...(options.compares === undefined ? {} : { compares: options.compares }),
    limitMs: 60_000,
    connectLimitMs: 0,
    own: async () => ({ ...status('a', held), ...(trust && { trust: trust.own }) }),
    ask: async ({ name }) => {
      asked.push(name);
      const mode = options.mode === undefined ? {} : { mode: options.mode };
      const theirs = { ...status(name, siblings), ...mode, ...(trust && { trust: trust.theirs }) };
      return name.startsWith('mute') ? null : theirs;
    },
    log,
    now: () => nowMs,
    sleep: async () => {},
    onSilence: (reasons) => silences.push(reasons),
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  const signal = new AbortController().signal;
  return {
    lines,
    outcomes,
    asked,
    silences,
    hardReloads: () => hardReloads,
    /** A hard-reload comes as soon as it is asked for. */
    async look(names: readonly (string | Member)[] = ['a', 'b', 'c']) {
      nowMs += 250;
      const found = await confirm.look(
        connected,
        names.map((name) => (typeof name === 'string' ? member(name) : name)),
        signal,
      );
      if (found.hardReload) {
        hardReloads += 1;
        if (supported && teaches) held = siblings;
        confirm.hardReloaded(supported);
      }
      return found;
    },
  };
}

describe('createRepair', () => {
  it('never confirms beside peers in the other mode, except those that leave, or that it has a session with', async () => {
    const { look } = bench({ mode: 'relay', siblings: 0 });
    expect(await look()).toMatchObject({ ready: false, hardReload: false });
    for (let looks = 0; looks < 500; looks += 1) await look();
    // With b there is one.
    expect((await look()).reasons[0]).toMatch(/^c run in the other --mode.*--relay-upgrade/);
    expect(await look(['a', 'b'])).toMatchObject({ ready: true });
  });

  it('confirms beside peers in the other mode that leave', async () => {
    const { look } = bench({ mode: 'relay', siblings: 0 });
    const leaving = ['b', 'c'].map((name) => ({ ...member(name), terminating: true }));
    expect(await look([member('a'), ...leaving])).toMatchObject({ ready: true });
  });

  it('never confirms beside peers whose sidecars know each other by something else', async () => {
    const { look } = bench({ trust: { own: 'certificates', theirs: 'key' }, siblings: 0 });
    for (let looks = 0; looks < 500; looks += 1) await look();
    expect(await look()).toMatchObject({
      ready: false,
      hardReload: false,
      reasons: [expect.stringMatching(/^b, c run with another --relay-trust/)],
    });
    const leaving = ['b', 'c'].map((name) => ({ ...member(name), terminating: true }));
    expect(await look([member('a'), ...leaving])).toMatchObject({ ready: true });
    const alike = bench({ trust: { own: 'key', theirs: 'key' }, siblings: 0 });
    expect(await alike.look()).toMatchObject({ ready: true });
  });

  it('holds beside peers of another mode or trust without comparing anything (--no-repair)', async () => {
    const trust = { own: 'certificates', theirs: 'key' } as const;
    for (const other of [{ mode: 'relay' as const }, { trust }]) {
      const { look, outcomes } = bench({ ...other, compares: false });
      for (let looks = 0; looks < 500; looks += 1) await look();
      expect(await look()).toMatchObject({ ready: false, hardReload: false });
      expect(outcomes).toEqual([]);
    }
    const alike = bench({ compares: false });
    expect(await alike.look(['a', 'b', 'c', 'mute'])).toMatchObject({ ready: true });
    expect(alike.hardReloads()).toBe(0);
    expect(alike.lines).toEqual([]);
  });

  it('lets a pod be ready at once when nobody holds more', async () => {
    const world = bench({ siblings: 0 });

    expect(await world.look()).toEqual({ ready: true, reasons: [], hardReload: false });
    expect(world.outcomes).toEqual(['complete']);
  });

  it('waits for one who does not tell, warns once, and is ready although peers that may hold entries did not answer when the time is over', async () => {
    const world = bench();
    const mute = member('mute', { serving: true });

    const looks = [];
    for (let look = 0; look < 239; look++) looks.push(await world.look(['a', mute]));

    expect(looks.some(({ ready }) => ready)).toBe(false);
    expect(world.silences).toEqual([['not connected, and no answer about what they hold: mute']]);
    expect((await world.look(['a', mute])).ready).toBe(false);
    expect((await world.look(['a', mute])).ready).toBe(true);
    expect(world.outcomes).toEqual(['unheard']);
    expect(world.lines.filter(({ code }) => code === 'SIBLINGS_UNHEARD')).toHaveLength(2);
  });

  it('does not keep a start waiting for who may be switched off, nor call it a loss', async () => {
    const world = bench();

    const { ready } = await world.look(['a', 'mute']);

    expect(ready).toBe(true);
    expect(world.outcomes).toEqual(['unmet']);
    expect(world.lines.filter(({ code }) => code === 'SIBLINGS_UNHEARD')).toMatchObject([
      { level: 'warn' },
    ]);
  });

  it('asks others while nobody tells, so that no five silent ones hide who would', async () => {
    const world = bench({ siblings: 0 });
    const mutes = ['mute', 'mute-2', 'mute-3', 'mute-4', 'mute-5', 'mute-6'].map((name) =>
      member(name, { serving: true }),
    );

    await world.look(['a', ...mutes, 'x']);
    await world.look(['a', ...mutes, 'x']);

    expect(world.asked).toContain('x');
  });

  it('hard-reloads once, and is ready when the tables are there', async () => {
    const world = bench();

    const looks = [];
    for (let look = 0; look < 4; look++) looks.push(await world.look());

    expect(looks.map(({ ready }) => ready)).toEqual([false, false, false, true]);
    expect(looks.map(({ hardReload }) => hardReload)).toEqual([false, false, true, false]);
    expect(world.lines.filter(({ msg }) => /readiness waits/.test(String(msg)))).toHaveLength(1);
    expect(world.hardReloads()).toBe(1);
    expect(world.outcomes).toEqual(['repaired']);
  });

  it('gives up with a code after two tries that taught nothing, rather than never be ready', async () => {
    const world = bench({ teaches: false });

    for (let look = 0; look < 6; look++) await world.look();

    expect(await world.look()).toMatchObject({ ready: true });
    expect(world.hardReloads()).toBe(2);
    expect(world.outcomes).toEqual(['missed']);
    expect(world.lines.find(({ code }) => code === 'RESYNC_MISSED')).toBeDefined();
  });

  it('gives up where HAProxy knows no hard-reload, and says so', async () => {
    const world = bench({ supported: false });

    await world.look();
    await world.look();
    expect(await world.look()).toMatchObject({ ready: false, hardReload: true });

    expect(await world.look()).toMatchObject({ ready: true });
    expect(world.lines.at(-1)).toMatchObject({ why: 'HAProxy before 2.9 has no hard-reload' });
  });

  it('says once how it ended, though it is compared again for a worker that came meanwhile', async () => {
    const world = bench({ supported: false });
    for (let look = 0; look < 3; look++) await world.look();

    expect(await world.look()).toMatchObject({ ready: true });
    expect(await world.look()).toMatchObject({ ready: true });

    expect(world.outcomes).toEqual(['missed']);
    expect(world.lines.filter(({ code }) => code === 'RESYNC_MISSED')).toHaveLength(1);
  });

  it('asks five siblings at most, connected ones first, and never itself', async () => {
    const world = bench({ siblings: 0 });

    await world.look(['a', 'c', 'd', 'e', 'f', 'g', 'h', 'b']);

    expect(world.asked).toHaveLength(5);
    expect(world.asked[0]).toBe('b');
    expect(world.asked).not.toContain('a');
  });
});
