import { beforeEach, describe, expect, it } from 'vitest';
import { RemoteError } from '../../../src/errors.ts';
import { unknownMembership } from '../../../src/model/membership.ts';
import { membership, peer, section, up } from '../../helpers/members.ts';
import { bench, gate } from '../../helpers/reconciler.ts';

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

  it('warns when the members cannot be trusted, not while every start waits for them', async () => {
    loop.source.set(unknownMembership('no answer'));
    await loop.pass(true);
    loop.source.set(membership('b'));
    await loop.pass(true);

    const said = loop.lines.filter(({ level }) => level !== 'debug');
    expect(said.map(({ level, msg }) => [level, msg])).toEqual([
      ['info', 'waiting for the members'],
      ['warn', 'no change is made until this is fixed'],
    ]);
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
    loop.observe(up({ resync: 'pending' }));
    loop.source.set(membership('a', 'b'));
    await loop.pass(true);
    loop.at(400);
    const waiting = await loop.pass();
    expect(waiting.nextAtMs).toBe(1_000_600);
    expect(loop.reconciler.readiness().ready).toBe(false);
    loop.observe(up());
    await loop.pass();
    await loop.pass();

    expect(await loop.names()).toEqual(['a', 'b']);
    expect(loop.reconciler.readiness().ready).toBe(true);
  });

  it('does not reload again before the siblings are connected', async () => {
    loop.observe(up({ peers: [peer('b')] }));
    loop.source.set(membership('a', 'b'));
    await loop.pass(true);
    loop.at(300);
    await loop.pass();
    loop.observe(up({ peers: [peer('b', { established: false })] }));
    loop.source.set(membership('a', 'b', 'c'));
    await loop.pass();
    loop.at(5000);
    await loop.pass();
    expect(await loop.names()).toEqual(['a', 'b']);
    loop.observe(up({ peers: [peer('b')] }));
    // In a turn of its own: the others that were not kept have had theirs.
    for (let ms = 5000; ms <= 7000; ms += 250) {
      loop.at(ms);
      await loop.pass();
    }

    expect(await loop.names()).toEqual(['a', 'b', 'c']);
  });

  it('waits for the Data Plane API at its start without an error, for about a minute', async () => {
    const absent = new RemoteError('DATAPLANE_UNREACHABLE', 'nobody there', { retryable: true });
    loop.fail(absent);
    for (let attempt = 0; attempt < 20; attempt++) await loop.pass();
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
    expect(loop.lines.some(({ msg }) => String(msg).includes('being deleted'))).toBe(true);
  });

  it('says a fault of what has ended before it as no error', async () => {
    await loop.pass(true);
    loop.source.set(membership({ name: 'a', address: '10.0.0.1', terminating: true }, 'b'));
    await loop.pass();
    loop.fail(new RemoteError('DATAPLANE_UNREACHABLE', 'ended', { retryable: true }));
    loop.at(60_000);

    await loop.pass();

    expect(loop.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(loop.lines.some(({ msg }) => msg === 'not applied: this pod is being deleted')).toBe(
      true,
    );
  });

  it('stays ready when HAProxy is down later', async () => {
    await loop.pass(true);
    loop.observe({ kind: 'down', why: 'gone' });
    await loop.pass(true);

    expect(loop.reconciler.readiness().ready).toBe(true);
  });

  it('says once what a burst waits for, however many join in it, and again at the next one', async () => {
    const loop = bench();
    await loop.pass(true);
    const waits = () => loop.lines.filter(({ msg }) => msg === 'change waits').length;

    for (const [index, names] of [['b'], ['b', 'c'], ['b', 'c', 'd']].entries()) {
      loop.source.set({ ...membership('a', ...names), awaited: index % 2 });
      await loop.pass();
      loop.source.set(membership('a', ...names));
      await loop.pass();
    }
    // One for the burst, one for the pod that is about to get an address.
    expect(waits()).toBe(2);
    loop.at(300);
    await loop.pass();
    loop.source.set(membership('a', 'b', 'c', 'd', 'e'));
    await loop.pass();
    expect(waits()).toBe(3);
  });

  it('says again that dead peers wait when there are more of them', async () => {
    const loop = bench(section(['a', 'b', 'c']));
    loop.source.set(membership('a', 'b'));
    await loop.pass(true);
    await loop.pass();
    loop.source.set(membership('a'));
    await loop.pass();

    expect(loop.lines.filter(({ msg }) => msg === 'change waits')).toHaveLength(2);
  });
});
