import { beforeEach, describe, expect, it } from 'vitest';
import type { Applier } from '../../../src/apply/applier.ts';
import { createMemoryApplier } from '../../../src/apply/memory.ts';
import { createReconciler, type ReloadWish } from '../../../src/control/reconciler.ts';
import { RemoteError } from '../../../src/errors.ts';
import { unknownMembership } from '../../../src/model/membership.ts';
import type { PeersSection } from '../../../src/model/peers-section.ts';
import type { Observed } from '../../../src/plan/gate.ts';
import { capturedLog } from '../../helpers/captured-log.ts';
import { membership, peer, section, self, state } from '../../helpers/members.ts';
import { settableSource } from '../../helpers/source.ts';

const gate = {
  burstWindowMs: 300,
  burstLimitMs: 10 * 300,
  minReloadIntervalMs: 2000,
  staggerMs: 300,
  staggerLimitMs: 3000,
  removalDelayMs: 300_000,
  reestablishLimitMs: 12_000,
  backoffMinMs: 1000,
  backoffMaxMs: 60_000,
};

/** A reconciler over a memory applier, with a clock and a HAProxy the test sets. */
function bench(initial: PeersSection = section(['a']), reloadWish?: ReloadWish) {
  const inner = createMemoryApplier({ section: initial });
  const source = settableSource(membership('a'));
  const { log, lines } = capturedLog();
  const calls: string[] = [];
  let nowMs = 1_000_000;
  let observed: Observed = { kind: 'up', state: state() };
  let failure: Error | null = null;
  function failing(): void {
    if (failure !== null) throw failure;
  }
  const applier: Applier = {
    name: 'counting',
    async read(signal) {
      calls.push('read');
      failing();
      return inner.read(signal);
    },
    async apply(base, changes, signal) {
      calls.push('apply');
      failing();
      return inner.apply(base, changes, signal);
    },
    close: () => inner.close(),
  };
  const signal = new AbortController().signal;
  const reconciler = createReconciler({
    source,
    applier,
    observe: async () => observed,
    self: self('a'),
    plan: { port: 3000, keep: new Set(), expected: [] },
    gate,
    log,
    observer: { pass() {}, applied() {}, failed() {}, ready() {} },
    now: () => nowMs,
    ...(reloadWish === undefined ? {} : { reloadWish }),
  });
  return {
    source,
    lines,
    calls,
    reconciler,
    pass: (resync = false) => reconciler.runOnce(resync, signal),
    names: async () => (await inner.read(signal)).entries.map(({ name }) => name),
    at(ms: number) {
      nowMs = 1_000_000 + ms;
    },
    observe(next: Observed) {
      observed = next;
    },
    fail(error: Error | null) {
      failure = error;
    },
  };
}

describe('one pass', () => {
  let loop: ReturnType<typeof bench>;
  beforeEach(() => {
    loop = bench();
  });

  it('reads once and does nothing more while nothing differs', async () => {
    await loop.pass(true);
    for (let poke = 0; poke < 10; poke++) await loop.pass();

    expect(loop.calls).toEqual(['read']);
    expect(loop.reconciler.readiness().ready).toBe(true);
    expect(loop.lines.filter(({ msg }) => msg === 'peers section is in step')).toHaveLength(1);
  });

  it('applies a joiner once the burst is over, and asks to be woken then', async () => {
    await loop.pass(true);
    loop.source.set(membership('a', 'b'));
    const first = await loop.pass();
    loop.at(300);
    await loop.pass();

    expect(first.nextAtMs).toBe(1_000_300);
    expect(await loop.names()).toEqual(['a', 'b']);
    expect(loop.calls).toEqual(['read', 'apply']);
  });

  it('restarts the burst when another one joins, and applies both in one go', async () => {
    await loop.pass(true);
    loop.source.set(membership('a', 'b'));
    await loop.pass();
    loop.at(200);
    loop.source.set(membership('a', 'b', 'c'));
    expect((await loop.pass()).nextAtMs).toBe(1_000_500);
    loop.at(500);
    await loop.pass();

    expect(await loop.names()).toEqual(['a', 'b', 'c']);
    expect(loop.calls.filter((call) => call === 'apply')).toHaveLength(1);
  });

  it('logs an applied change with who, why, and how long', async () => {
    await loop.pass(true);
    loop.source.set(membership('a', 'b'));
    await loop.pass();
    loop.at(300);
    await loop.pass();

    expect(loop.lines.find(({ msg }) => msg === 'peers section changed')).toMatchObject({
      joined: ['b'],
      left: [],
      reasons: ['b joined at 10.0.0.2'],
      reloaded: true,
      attempts: 1,
      ms: 0,
    });
  });

  it('never removes anybody when the members are unknown or lack this pod', async () => {
    const full = bench(section(['a', 'b']));
    full.source.set(unknownMembership('no answer'));
    await full.pass(true);
    full.source.set(membership('b'));
    await full.pass(true);
    full.at(10 * gate.removalDelayMs);
    await full.pass(true);

    expect(await full.names()).toEqual(['a', 'b']);
    expect(full.calls).not.toContain('apply');
    expect(full.reconciler.readiness().ready).toBe(false);
  });

  it('removes a peer that is gone after the removal delay, and not before', async () => {
    const full = bench(section(['a', 'b']));
    await full.pass(true);
    full.at(gate.removalDelayMs - 1);
    await full.pass();
    expect(await full.names()).toEqual(['a', 'b']);
    full.at(gate.removalDelayMs);
    await full.pass();

    expect(await full.names()).toEqual(['a']);
  });

  it('counts the removal delay anew for a peer that came back', async () => {
    const full = bench(section(['a', 'b']));
    await full.pass(true);
    full.at(200_000);
    full.source.set(membership('a', 'b'));
    await full.pass();
    full.at(250_000);
    full.source.set(membership('a'));
    await full.pass();
    full.at(gate.removalDelayMs + 1);
    await full.pass();

    expect(await full.names()).toEqual(['a', 'b']);
  });

  it('waits for the own resync, looks again soon, and is not ready until then', async () => {
    loop.observe({ kind: 'up', state: state({ resync: 'pending' }) });
    loop.source.set(membership('a', 'b'));
    await loop.pass(true);
    loop.at(400);
    const waiting = await loop.pass();
    expect(waiting.nextAtMs).toBe(1_000_600);
    expect(loop.reconciler.readiness().ready).toBe(false);
    loop.observe({ kind: 'up', state: state() });
    await loop.pass();
    await loop.pass();

    expect(await loop.names()).toEqual(['a', 'b']);
    expect(loop.reconciler.readiness().ready).toBe(true);
  });

  it('does not reload again before the siblings are connected', async () => {
    loop.observe({ kind: 'up', state: state({ peers: [peer('b')] }) });
    loop.source.set(membership('a', 'b'));
    await loop.pass(true);
    loop.at(300);
    await loop.pass();
    loop.observe({ kind: 'up', state: state({ peers: [peer('b', { established: false })] }) });
    loop.source.set(membership('a', 'b', 'c'));
    await loop.pass();
    loop.at(5000);
    await loop.pass();
    expect(await loop.names()).toEqual(['a', 'b']);
    loop.observe({ kind: 'up', state: state({ peers: [peer('b')] }) });
    await loop.pass();

    expect(await loop.names()).toEqual(['a', 'b', 'c']);
  });

  it('waits for the Data Plane API at its start without an error, for about a minute', async () => {
    const absent = new RemoteError('DATAPLANE_UNREACHABLE', 'nobody there', { retryable: true });
    loop.fail(absent);
    for (let attempt = 0; attempt < 10; attempt++) await loop.pass();
    expect(loop.lines.map(({ level, msg }) => `${level} ${msg}`)).toContain(
      'info waiting for the Data Plane API',
    );
    expect(loop.lines.filter(({ level }) => level === 'error')).toHaveLength(0);
    await loop.pass();

    expect(loop.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('survives every remote fault, says it once, and does it when the fault is over', async () => {
    await loop.pass(true);
    loop.fail(new RemoteError('DATAPLANE_UNREACHABLE', 'nobody there', { retryable: true }));
    loop.source.set(membership('a', 'b'));
    for (let second = 0; second < 10; second++) {
      loop.at(second * 1000);
      await loop.pass(true);
    }
    expect(loop.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(loop.lines.find(({ level }) => level === 'error')).toMatchObject({
      code: 'DATAPLANE_UNREACHABLE',
      reason: 'nobody there',
    });
    loop.fail(null);
    await loop.pass();
    loop.at(20_000);
    await loop.pass();

    expect(loop.lines.some(({ msg }) => msg === 'reached again')).toBe(true);
    expect(await loop.names()).toEqual(['a', 'b']);
  });

  it('backs off after an apply that failed, and reads anew', async () => {
    await loop.pass(true);
    loop.source.set(membership('a', 'b'));
    await loop.pass();
    loop.at(300);
    loop.fail(new RemoteError('DATAPLANE_REJECTED', 'no', { retryable: false }));
    await loop.pass();
    loop.fail(null);
    await loop.pass();
    expect(loop.calls).toEqual(['read', 'apply', 'read']);
    loop.at(1300);
    await loop.pass();

    expect(await loop.names()).toEqual(['a', 'b']);
  });

  it('still adds who joins while this pod is being deleted, and looks at nothing anew', async () => {
    await loop.pass(true);
    const own = { name: 'a', address: '10.0.0.1', terminating: true };
    loop.source.set(membership(own, 'b'));
    await loop.pass(true);
    loop.at(60_000);

    await loop.pass(true);

    expect(loop.calls).toEqual(['read', 'apply']);
    expect(loop.lines.some(({ msg }) => String(msg).includes('about to go'))).toBe(true);
  });

  it('says a fault of what has ended before it as no error', async () => {
    await loop.pass(true);
    loop.source.set(membership({ name: 'a', address: '10.0.0.1', terminating: true }, 'b'));
    await loop.pass();
    loop.fail(new RemoteError('DATAPLANE_UNREACHABLE', 'ended', { retryable: true }));
    loop.at(60_000);

    await loop.pass();

    expect(loop.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(loop.lines.some(({ msg }) => msg === 'not applied: this pod is about to go')).toBe(true);
  });

  it('stays ready when HAProxy is down later', async () => {
    await loop.pass(true);
    loop.observe({ kind: 'down', why: 'gone' });
    await loop.pass(true);

    expect(loop.reconciler.readiness().ready).toBe(true);
  });
});

describe('a reload that something else wants', () => {
  function wish() {
    const steps: string[] = [];
    let reason: string | null = null;
    let failure: Error | null = null;
    return {
      steps,
      want: (why: string | null) => {
        reason = why;
      },
      fail: (error: Error | null) => {
        failure = error;
      },
      reloadWish: {
        reason: () => reason,
        prepare: async () => void steps.push('prepare'),
        reload: async () => {
          steps.push('reload');
          if (failure !== null) throw failure;
        },
        reloaded: () => {
          steps.push('reloaded');
          reason = null;
        },
      } satisfies ReloadWish,
    };
  }

  it('comes once the gate lets it through, and writes nothing of the section', async () => {
    const { steps, want, reloadWish } = wish();
    const loop = bench(section(['a']), reloadWish);
    await loop.pass(true);
    want('renewed');
    loop.observe({ kind: 'up', state: state({ resync: 'pending' }) });
    await loop.pass();
    const before = [...steps];
    loop.observe({ kind: 'up', state: state() });
    await loop.pass();
    await loop.pass();

    expect(before).toEqual([]);
    expect(steps).toEqual(['prepare', 'reload', 'reloaded']);
    expect(loop.calls).not.toContain('apply');
    expect(loop.lines.some(({ msg }) => msg === 'HAProxy reloaded')).toBe(true);
  });

  it('goes along with a change, which reloads by itself', async () => {
    const { steps, want, reloadWish } = wish();
    const loop = bench(section(['a']), reloadWish);
    await loop.pass(true);
    want('renewed');
    loop.source.set(membership('a', 'b'));
    await loop.pass();
    loop.at(300);
    await loop.pass();

    expect(await loop.names()).toEqual(['a', 'b']);
    expect(steps).toEqual(['prepare', 'reloaded']);
  });

  it('is tried again after it failed, not at once', async () => {
    const { steps, want, fail, reloadWish } = wish();
    const loop = bench(section(['a']), reloadWish);
    await loop.pass(true);
    want('renewed');
    fail(new RemoteError('RELOAD_FAILED', 'refused', { retryable: false }));
    await loop.pass();
    await loop.pass();
    const before = [...steps];
    fail(null);
    loop.at(5000);
    await loop.pass();

    expect(before).toEqual(['prepare', 'reload']);
    expect(steps.slice(2)).toEqual(['prepare', 'reload', 'reloaded']);
  });

  it('is left to the successor when this pod is about to go', async () => {
    const { steps, want, reloadWish } = wish();
    const loop = bench(section(['a']), reloadWish);
    await loop.pass(true);
    want('renewed');
    loop.source.set(membership({ name: 'a', address: '10.0.0.1', terminating: true }));
    await loop.pass();

    expect(steps).toEqual([]);
  });
});
