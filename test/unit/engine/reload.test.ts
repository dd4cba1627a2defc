import { describe, expect, it } from 'vitest';
import type { Module } from '../../../src/engine/module.ts';
import { RemoteError } from '../../../src/errors.ts';
import { membership, peer, section, up } from '../../helpers/members.ts';
import { bench } from '../../helpers/reconciler.ts';
import { wants } from '../../helpers/requests.ts';

describe('a reload that something else wants', () => {
  function wish() {
    const steps: string[] = [];
    let reason: string | null = null;
    return {
      steps,
      want: (why: string | null) => {
        reason = why;
      },
      module: {
        name: 'wish',
        request: () => (reason === null ? null : wants('reload', reason)),
        prepare: async () => void steps.push('prepare'),
        reloaded: () => {
          steps.push('reloaded');
          reason = null;
        },
      } satisfies Module,
    };
  }

  it('comes once the gate lets it through, and writes nothing of the section', async () => {
    const { steps, want, module } = wish();
    const loop = bench(section(['a']), [module]);
    await loop.pass(true);
    want('renewed');
    loop.observe(up({ resync: 'pending' }));
    await loop.pass();
    const before = [...steps];
    loop.observe(up());
    await loop.pass();
    await loop.pass();

    expect(before).toEqual([]);
    expect(steps).toEqual(['prepare', 'reloaded']);
    expect(loop.calls).toContain('reload');
    expect(loop.calls).not.toContain('apply');
    expect(loop.lines.some(({ msg }) => msg === 'HAProxy reloaded')).toBe(true);
  });

  it('goes along with a change, which reloads by itself', async () => {
    const { steps, want, module } = wish();
    const loop = bench(section(['a']), [module]);
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
    const { steps, want, module } = wish();
    const loop = bench(section(['a']), [module]);
    await loop.pass(true);
    want('renewed');
    loop.fail(new RemoteError('RELOAD_FAILED', 'refused', { retryable: false }));
    await loop.pass();
    await loop.pass();
    const before = [...loop.calls];
    loop.fail(null);
    loop.at(5000);
    await loop.pass();

    expect(before.filter((call) => call === 'reload')).toHaveLength(1);
    expect(loop.calls.filter((call) => call === 'reload')).toHaveLength(2);
    expect(steps).toEqual(['prepare', 'prepare', 'reloaded']);
  });

  it('is left to the successor when this pod is about to go', async () => {
    const { steps, want, module } = wish();
    const loop = bench(section(['a']), [module]);
    await loop.pass(true);
    want('renewed');
    loop.source.set(membership({ name: 'a', address: '10.0.0.1', terminating: true }));
    await loop.pass();

    expect(steps).toEqual([]);
  });
});

describe('a hard-reload for tables that were missed', () => {
  function missing() {
    const done: boolean[] = [];
    const confirm = () => ({
      look: async () => ({
        ready: done.length > 0,
        reasons: ['b holds 5'],
        hardReload: done.length === 0,
      }),
      hardReloaded: (possible: boolean) => void done.push(possible),
    });
    return { done, loop: bench(section(['a']), undefined, confirm) };
  }
  const hardReloads = (loop: ReturnType<typeof bench>) =>
    loop.calls.filter((call) => call === 'hard-reload').length;

  it('waits at the gate, and is not asked for again once it is done', async () => {
    const { done, loop } = missing();
    await loop.pass(true);
    loop.observe(up({ resync: 'pending' }));
    await loop.pass();
    expect(hardReloads(loop)).toBe(0);

    loop.observe(up());
    await loop.pass();
    await loop.pass();
    await loop.pass();

    expect(hardReloads(loop)).toBe(1);
    expect(done).toEqual([true]);
  });

  it('is tried again after it failed, not at once, and counts only when it is done', async () => {
    const { done, loop } = missing();
    await loop.pass(true);
    loop.fail(new RemoteError('RELOAD_FAILED', 'refused', { retryable: false }));
    await loop.pass();
    loop.fail(null);
    await loop.pass();
    await loop.pass();
    expect(hardReloads(loop)).toBe(1);
    expect(done).toEqual([]);

    loop.at(5000);
    await loop.pass();
    await loop.pass();

    expect(hardReloads(loop)).toBe(2);
    expect(done).toEqual([true]);
  });
});

describe('a file that HAProxy has not loaded', () => {
  it('is reloaded for without a wait for others when the write was our own, as soon as the gate lets it', async () => {
    const loop = bench(section(['a', 'b']));
    loop.source.set(membership('a', 'b'));
    loop.loadsNothing();
    loop.wasCutOff();
    loop.observe(up({ resync: 'pending' }));
    await loop.pass(true);
    const before = [...loop.calls];
    loop.observe(up());
    await loop.pass();
    await loop.pass();

    expect(before).not.toContain('reload');
    expect(loop.calls.filter((call) => call === 'reload')).toHaveLength(1);
    expect(loop.lines.find(({ msg }) => msg === 'HAProxy reloaded')?.reasons).toEqual([
      'a change was written, and the reload for it was cut off',
    ]);
  });

  /** A reload for b was cut off, while this pod is about to go or not. */
  async function cutOff(
    terminating: boolean,
    observed = up({ peers: [peer('a', { local: true })] }),
  ) {
    const loop = bench(section(['a', 'b']));
    loop.loadsNothing();
    loop.source.set(membership({ name: 'a', address: '10.0.0.1', terminating }, 'b'));
    loop.wasCutOff();
    loop.observe(observed);
    await loop.pass(true);
    await loop.pass();
    return loop;
  }

  it('is loaded by a pod that is about to go when somebody waits to be let in', async () => {
    const loop = await cutOff(true);

    expect(reloads(loop)).toBe(1);
  });

  it('is left alone by a pod that is about to go when it lets nobody in', async () => {
    const loop = await cutOff(true, up({ peers: [peer('a', { local: true }), peer('b')] }));

    expect(reloads(loop)).toBe(0);
  });

  it('keeps a pod from becoming ready while its worker does not know a member of its own writing', async () => {
    const loop = bench(section(['a', 'b', 'z']));
    loop.loadsNothing();
    loop.source.set(membership('a', 'b', 'z'));
    loop.observe(up({ peers: [peer('a', { local: true }), peer('z', { behind: 400 })] }));
    loop.wasCutOff();
    await loop.pass(true);
    const { ready, reasons } = loop.reconciler.readiness();

    expect(reloads(loop)).toBe(0);
    expect(ready).toBe(false);
    expect(reasons).toEqual(['peers are still to be added']);
  });

  it('is not reloaded for once somebody else has loaded it while the turns were waited for', async () => {
    const loop = bench(section(['a', 'b']));
    loop.source.set(membership('a', 'b'));
    loop.wasCutOff();
    loop.observe(up({ resync: 'pending' }));
    await loop.pass(true);
    loop.wasLoaded();
    loop.observe(up());
    await loop.pass();
    await loop.pass();

    expect(reloads(loop)).toBe(0);
  });

  const reloads = (loop: ReturnType<typeof bench>) =>
    loop.calls.filter((call) => call === 'reload').length;

  /** b was written by somebody else, and HAProxy runs with a alone. */
  async function behind() {
    const loop = bench(section(['a', 'b']));
    loop.loadsNothing();
    const own = peer('a', { local: true, established: false });
    loop.observe(up({ peers: [own] }));
    loop.source.set(membership('a', 'b'));
    const first = await loop.pass(true);
    return { loop, first };
  }

  it('is left to whoever wrote it for a while, and then loaded', async () => {
    const { loop, first } = await behind();
    loop.at(14_999);
    await loop.pass();
    const before = reloads(loop);
    loop.at(15_000);
    await loop.pass();

    expect(first.nextAtMs).toBe(1_015_000);
    expect(before).toBe(0);
    expect(loop.calls).toEqual(['read', 'reload']);
    const line = loop.lines.find(({ msg }) => msg === 'HAProxy reloaded');
    expect(line?.reasons).toEqual(['haproxy.cfg has b, and HAProxy has not loaded it']);
  });

  it('is nothing any more when its writer has reloaded', async () => {
    const { loop } = await behind();
    loop.observe(up({ peers: [peer('a', { local: true }), peer('b')] }));
    loop.at(15_000);
    const { nextAtMs } = await loop.pass();

    expect(reloads(loop)).toBe(0);
    expect(nextAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('does not matter for somebody who is no member', async () => {
    const { loop } = await behind();
    loop.source.set(membership('a'));
    loop.at(15_000);
    await loop.pass();

    expect(reloads(loop)).toBe(0);
  });

  it('is loaded once and no more: a reload that does not help makes it hold', async () => {
    const { loop } = await behind();
    loop.at(15_000);
    await loop.pass();
    for (const ms of [16_000, 20_000, 29_999, 30_000, 60_000, 600_000]) {
      loop.at(ms);
      await loop.pass(true);
    }

    expect(reloads(loop)).toBe(1);
    const line = loop.lines.find(({ msg }) => msg === 'no change is made until this is fixed');
    expect(line?.reasons).toEqual([expect.stringContaining('still runs without b')]);
  });

  it('goes along with a change, without waiting', async () => {
    const { loop } = await behind();
    loop.source.set(membership('a', 'b', 'c'));
    await loop.pass();
    loop.at(300);
    await loop.pass();

    expect(await loop.names()).toEqual(['a', 'b', 'c']);
    expect(reloads(loop)).toBe(0);
  });

  it('waits for the own resync like every reload', async () => {
    const { loop } = await behind();
    const peers = [peer('a', { local: true })];
    loop.observe(up({ peers, resync: 'pending' }));
    loop.at(15_000);
    await loop.pass();

    expect(reloads(loop)).toBe(0);
  });
});
