import { describe, expect, it } from 'vitest';
import type { Edit } from '../../../src/apply/edit.ts';
import type { Module, ModuleRequest } from '../../../src/engine/module.ts';
import { RemoteError } from '../../../src/errors.ts';
import { membership, section, state } from '../../helpers/members.ts';
import { bench } from '../../helpers/reconciler.ts';

/** A module that wants `line` in haproxy.cfg. */
function wantsLine(line: string, part: Partial<ModuleRequest> & { readonly fault?: Error } = {}) {
  const { fault, ...request } = part;
  const events: string[] = [];
  const edit: Edit = {
    owner: 'lines',
    remaining: ({ text }) => {
      if (fault !== undefined) throw fault;
      if (text.includes(line)) return null;
      return {
        what: { line },
        own: { keyword: 'backend', section: 'b', names: new Set(), env: {} },
        inText: (before) => `${before}${line}\n`,
        ways: () => [],
        lacks: async () => false,
      };
    },
  };
  const module: Module = {
    name: 'lines',
    async runtime(full) {
      events.push(full ? 'runtime, in full' : 'runtime');
    },
    request: ({ text }) =>
      text.includes(line)
        ? null
        : {
            ...{ module: 'lines', urgency: 'burst', via: 'reload', sinceMs: 0, edits: [edit] },
            ...{ reasons: ['a line is missing'], ...request },
          },
    prepare: async () => void events.push('prepare'),
    reloaded: () => void events.push('reloaded'),
    held: ({ code }, shared) => void events.push(`held ${code}${shared ? ' with others' : ''}`),
  };
  return { module, events };
}

const line = '# a line';
const refusal = new RemoteError('DATAPLANE_REJECTED', 'no such thing', {
  ...{ retryable: false, stage: 'check' },
});

/** A reconciler beside which b has joined, and whose burst is over. */
async function joined(...modules: readonly Module[]) {
  const loop = bench(section(['a']), modules);
  loop.source.set(membership('a', 'b'));
  await loop.pass(true);
  loop.at(300);
  await loop.pass();
  return loop;
}

describe('a module', () => {
  it('keeps this replica from being ready for as long as it waits, and is asked with what was seen', async () => {
    let why: string | null = 'something is to be restored';
    const kinds: string[] = [];
    const waiting: Module = {
      name: 'waits',
      request: () => null,
      waits(observed) {
        kinds.push(observed.kind);
        return why;
      },
    };
    const loop = bench(section(['a']), [waiting]);
    loop.source.set(membership('a'));
    await loop.pass(true);
    expect(loop.reconciler.readiness()).toEqual({ ready: false, reasons: [why] });
    why = null;
    await loop.pass();
    expect(loop.reconciler.readiness().ready).toBe(true);
    expect(new Set(kinds)).toEqual(new Set(['up']));
    why = 'once ready, it stays ready';
    await loop.pass();
    expect(loop.reconciler.readiness().ready).toBe(true);
  });

  it('is asked in each pass, and its edit waits for the gate', async () => {
    const { module, events } = wantsLine(line);
    const loop = bench(section(['a']), [module]);
    loop.observe({ kind: 'up', state: state({ resync: 'pending' }) });
    await loop.pass(true);
    const before = await loop.text();
    loop.observe({ kind: 'up', state: state() });
    await loop.pass();

    expect(before).not.toContain(line);
    expect(await loop.text()).toContain(line);
    expect(events).toEqual(['runtime, in full', 'runtime', 'prepare', 'reloaded']);
  });

  it('has haproxy.cfg read again in a pass when it says that somebody may have written it', async () => {
    let isOutdated = false;
    const module: Module = { name: 'looks', request: () => null, outdated: () => isOutdated };
    const loop = bench(section(['a']), [module]);
    await loop.pass(true);
    await loop.pass();
    expect(loop.calls).toEqual(['read']);
    isOutdated = true;
    await loop.pass();
    expect(loop.calls).toEqual(['read', 'read']);
  });

  it('has its edit made in one transaction with the members', async () => {
    const { module } = wantsLine(line);
    const loop = await joined(module);

    expect(await loop.names()).toEqual(['a', 'b']);
    expect(await loop.text()).toContain(line);
    expect(loop.calls.filter((call) => call === 'apply')).toHaveLength(1);
    expect(loop.calls).not.toContain('reload');
  });

  it('has written what the worker has already, whatever the gate says, once a second', async () => {
    const { module, events } = wantsLine(line, { via: 'persist' });
    const loop = bench(section(['a']), [module]);
    loop.observe({ kind: 'up', state: state({ resync: 'pending' }) });
    await loop.pass(true);

    expect(await loop.text()).toContain(line);
    expect(loop.calls).toEqual(['read', 'persist']);
    expect(events).not.toContain('reloaded');
    const other = wantsLine('# another', { via: 'persist' });
    const two = bench(section(['a']), [module, other.module]);
    two.fail(null);
    await two.pass(true);
    expect(two.calls.filter((call) => call === 'persist')).toHaveLength(1);
    expect(await two.text()).toContain('# another');
  });

  it('is not written twice within a second', async () => {
    const first = wantsLine(line, { via: 'persist' });
    const later = wantsLine('# later', { via: 'persist' });
    let asks = false;
    const loop = bench(section(['a']), [
      first.module,
      { ...later.module, request: (of) => (asks ? later.module.request(of) : null) },
    ]);
    await loop.pass(true);
    asks = true;
    loop.at(500);
    const { nextAtMs } = await loop.pass();
    const early = await loop.text();
    loop.at(1000);
    await loop.pass();

    expect(nextAtMs).toBe(1_001_000);
    expect(early).not.toContain('# later');
    expect(await loop.text()).toContain('# later');
  });

  it('does not keep others from being written when its own is refused', async () => {
    const fault = new RemoteError('DATAPLANE_REJECTED', 'no such thing', { retryable: false });
    const refused = wantsLine('# refused', { via: 'persist', fault });
    const later = wantsLine('# later', { via: 'persist' });
    let asks = false;
    const loop = bench(section(['a']), [
      refused.module,
      {
        ...{ ...later.module, name: 'later' },
        request: (of) => (asks ? later.module.request(of) : null),
      },
    ]);
    for (let second = 0; second < 20; second++) {
      loop.at(1000 * second);
      await loop.pass(second === 0);
    }
    const tries = loop.calls.filter((call) => call === 'persist').length;
    asks = true;
    loop.at(20_000);
    await loop.pass();

    expect(tries).toBeLessThan(7);
    expect(await loop.text()).toContain('# later');
  });

  it('is tried ever later while it cannot be written, which keeps nobody', async () => {
    const fault = new RemoteError('DATAPLANE_UNREACHABLE', 'away', {
      ...{ retryable: true, stage: 'read' },
    });
    const { module, events } = wantsLine(line, { via: 'persist', fault });
    const loop = bench(section(['a']), [module]);
    const first = await loop.pass(true);
    const early = await loop.pass();
    loop.at(1000);
    const second = await loop.pass();

    expect([first, early, second].map(({ nextAtMs }) => nextAtMs - 1_000_000)).toEqual([
      ...[1000, 1000, 3000],
    ]);
    expect(loop.calls.filter((call) => call === 'persist')).toHaveLength(2);
    expect(loop.lines.filter(({ msg }) => msg?.startsWith('not written'))).toHaveLength(1);
    expect(events).not.toContain('held DATAPLANE_UNREACHABLE');
    expect(loop.reconciler.readiness().ready).toBe(true);
  });

  it('goes with a transaction, although it could be written alone', async () => {
    const { module } = wantsLine(line, { via: 'persist' });
    const loop = bench(section([]), [module]);
    loop.observe({ kind: 'up', state: state({ localName: null, peers: [] }) });
    await loop.pass(true);
    loop.at(300);
    await loop.pass();

    expect(await loop.text()).toContain(line);
  });

  it('has the reload made for an edit that somebody has written and not loaded', async () => {
    const { module, events } = wantsLine('a ');
    const [edit] =
      wantsLine('peer').module.request({ text: '', version: '', obstacles: [] })?.edits ?? [];
    const loop = bench(section(['a']), [
      {
        ...module,
        request: () =>
          edit === undefined || events.includes('reloaded')
            ? null
            : {
                ...{ module: 'lines', urgency: 'burst', via: 'reload', sinceMs: 0, edits: [edit] },
                reasons: ['the worker lacks a line'],
              },
      },
    ]);
    await loop.pass(true);
    await loop.pass();

    expect(loop.calls.filter((call) => call === 'reload')).toHaveLength(1);
    expect(loop.calls).not.toContain('apply');
    expect(events).toContain('reloaded');
  });

  it('is told that its edit is held, and the members are let in', async () => {
    const { module, events } = wantsLine(line, { fault: refusal });
    const loop = await joined(module);

    expect(await loop.names()).toEqual(['a', 'b']);
    expect(events).toContain('held DATAPLANE_REJECTED');
    expect(
      loop.lines.some(
        ({ module: owner, msg }) => owner === 'lines' && msg?.endsWith('no such thing'),
      ),
    ).toBe(true);
  });

  it('keeps nobody when it is refused alone, and is asked again later', async () => {
    const fault = new RemoteError('RELOAD_FAILED', 'cannot bind', {
      ...{ retryable: false, stage: 'commit' },
    });
    const { module, events } = wantsLine(line, { fault });
    const loop = bench(section(['a']), [module]);
    const { nextAtMs } = await loop.pass(true);
    await loop.pass();
    const tries = loop.calls.filter((call) => call === 'apply').length;
    loop.source.set(membership('a', 'b'));
    await loop.pass();
    loop.at(300);
    await loop.pass();

    expect(tries).toBe(1);
    expect(nextAtMs).toBeLessThanOrEqual(1_001_000);
    expect(await loop.names()).toEqual(['a', 'b']);
    loop.at(3000);
    await loop.pass();
    await loop.pass();
    expect(events.filter((event) => event === 'held RELOAD_FAILED')).toHaveLength(2);
  });

  it('says of no member that it was let in when it was held, and the reload was for others', async () => {
    const { module, events } = wantsLine(line);
    const loop = bench(section(['a']), [module]);
    loop.source.set(membership('a', { name: 'b', address: 'nowhere', terminating: false }));
    await loop.pass(true);
    loop.at(300);
    await loop.pass();

    const said = loop.lines.map(({ msg }) => msg);
    expect(events).toContain('reloaded');
    expect(loop.lines.map(({ code }) => code)).toContain('PEER_REFUSED');
    expect(said).toContain('HAProxy reloaded');
    expect(said).not.toContain('peers section changed');
  });

  it('says of no reload that it was made when all that was wanted is held', async () => {
    const fault = new RemoteError('DATAPLANE_REJECTED', 'no such thing', { retryable: false });
    const { module, events } = wantsLine(line, { fault });
    const loop = bench(section(['a']), [module]);
    await loop.pass(true);

    expect(events).toContain('held DATAPLANE_REJECTED');
    expect(loop.lines.map(({ msg }) => msg)).not.toContain('HAProxy reloaded');
  });

  it('is left out when a transaction with the members fails, so that they go alone', async () => {
    const { module, events } = wantsLine(line);
    const loop = bench(section(['a']), [module]);
    loop.source.set(membership('a', 'b'));
    await loop.pass(true);
    loop.at(300);
    loop.fail(
      new RemoteError('RELOAD_FAILED', 'cannot bind', { retryable: false, stage: 'commit' }),
    );
    await loop.pass();
    loop.fail(null);
    loop.at(1300);
    await loop.pass();

    expect(events).toContain('held RELOAD_FAILED with others');
    expect(await loop.names()).toEqual(['a', 'b']);
  });

  it('is told of an edit that is held where only the file is written, too', async () => {
    const alone = wantsLine(line, { via: 'persist', fault: refusal });
    await bench(section(['a']), [alone.module]).pass(true);
    const refused = wantsLine(line, { via: 'persist', fault: refusal });
    const other = wantsLine('# another', { via: 'persist' });
    const others = { ...other.module, name: 'others' };
    const loop = bench(section(['a']), [refused.module, others]);
    await loop.pass(true);

    expect(alone.events).toContain('held DATAPLANE_REJECTED');
    expect(refused.events).toContain('held DATAPLANE_REJECTED');
    expect(await loop.text()).toContain('# another');
  });

  it('puts in place what the new worker reads before a hard-reload, and is told of it', async () => {
    const { module, events } = wantsLine(line, { urgency: 'lazy', sinceMs: 1_000_000 });
    let missed = true;
    const confirm = () => ({
      look: async () => ({ ready: false, reasons: ['tables missed'], hardReload: missed }),
      hardReloaded() {
        missed = false;
      },
    });
    const loop = bench(section(['a']), [module], confirm);
    await loop.pass(true);
    await loop.pass();

    expect(loop.calls).toContain('hard-reload');
    expect(events.filter((event) => !event.startsWith('runtime'))).toEqual(['prepare', 'reloaded']);
  });
});
