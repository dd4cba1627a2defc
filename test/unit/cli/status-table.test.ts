import { describe, expect, it } from 'vitest';
import type { Found } from '../../../src/cli/found.ts';
import { renderTable } from '../../../src/cli/status-table.ts';
import type { Difference } from '../../../src/cli/table-differences.ts';
import type { Status } from '../../../src/telemetry/status-schema.ts';
import { peer } from '../../helpers/members.ts';
import { status } from '../../helpers/status.ts';

const plain = { colors: false, differences: [], nowMs: 0 };

function well(name: string, part: Partial<Status> = {}): Found {
  const told = status(name, {
    ready: true,
    resync: 'learned',
    haproxy: { version: '3.4.0', reloads: 1 },
    peers: [
      peer(name, { local: true, established: false, lastStatus: 'NONE' }),
      peer('one', { address: '10.0.0.2:3000' }),
      peer('other', { address: '10.0.0.3:3000' }),
    ],
    tables: [
      { name: 'sessions', size: 2_097_152, used: 40_000, shared: true },
      { name: 'local-only', size: 100, used: 7, shared: false },
    ],
    ...part,
  });
  return { name, status: told };
}

const waiting = well('web-2', {
  ready: false,
  reasons: ['this replica has not finished its resync'],
  peers: [peer('one', { established: false, lastStatus: 'UNKN' }), peer('other')],
  tables: [{ name: 'sessions', size: 2_097_152, used: 39_000, shared: true }],
  pending: {
    ...{ add: ['web-4'], update: [], remove: [] },
    ...{ decision: 'wait', reasons: ['this replica has not finished its resync'] },
  },
  lastFailure: { atMs: 1, code: 'RELOAD_FAILED' },
});

const split: Difference = {
  ...{ table: 'sessions', replica: 'web-1', holder: 'web-3', missing: ['a', 'b'], compared: 4 },
  entries: 20_000,
};

function change(atMs: number): Status['lastChange'] {
  return { atMs, joined: [], moved: [], left: [], ms: 1 };
}

const dead: NonNullable<Status['pending']> = {
  ...{ add: [], update: [], remove: ['old-1'], decision: 'wait' },
  reasons: ['only dead or moved peers'],
};

describe('the table of all replicas', () => {
  it('has a line for each: readiness, peers, entries, what it lacks, reloads, what waits', () => {
    const silent = { name: 'web-4', status: null, why: 'does not answer' };

    const text = renderTable([well('web-1'), waiting, well('web-3'), silent], plain);

    expect(text).toMatchInlineSnapshot(`
      "REPLICA  READY  PEERS  sessions  BEHIND  RELOADS  WAITS FOR
      web-1    yes    2/2    40,000    -       1        -
      web-2    no     1/2    39,000    1,000   1        add web-4 (wait: this replica has not finished its resync); last: RELOAD_FAILED
      web-3    yes    2/2    40,000    -       1        -
      web-4    ?                                        does not answer

      4 replicas, 2 ready, 1 without an answer
      "
    `);
  });

  it('tells pods that are leaving or have ended from replicas that should answer', () => {
    const all: readonly Found[] = [
      well('web-1'),
      { ...well('web-2'), pod: 'leaving' },
      { name: 'web-3', status: null, pod: 'leaving', why: 'is being deleted' },
      { name: 'web-4', status: null, pod: 'ended', why: 'has ended' },
    ];
    const red = `${String.fromCharCode(27)}[31m`;

    expect(renderTable(all, plain)).toMatchInlineSnapshot(`
      "REPLICA  READY    PEERS  sessions  BEHIND  RELOADS  WAITS FOR
      web-1    yes      2/2    40,000    -       1        -
      web-2    leaving  2/2    40,000    -       1        -
      web-3    leaving                                    is being deleted
      web-4    ended                                      has ended

      1 replica, 1 ready, 2 leaving
      "
    `);
    expect(renderTable(all, { ...plain, colors: true })).not.toContain(red);
  });

  it('does not show as a fault what a rollout leaves over, nor peers that are only expected', () => {
    const away = { established: false, lastStatus: 'CONN' };
    const pending = { ...dead, remove: ['old-1', 'old-2'] };
    const peers = [peer('web-2'), peer('old-1', away), peer('old-2', away)];
    const leaving = [peer('web-1'), peer('web-3', { ...away, address: '10.0.0.3:3000' })];
    const expected = [peer('web-1'), peer('web-4', { ...away, address: '127.0.0.1:1' })];
    const all: readonly Found[] = [
      well('web-1', { peers, pending, lastFailure: { atMs: 1, code: 'X' }, lastChange: change(2) }),
      well('web-2', { peers: [...leaving, ...peers.slice(1)], pending }),
      { name: 'web-3', status: null, pod: 'leaving', why: 'is being deleted' },
      well('web-4', { peers: expected }),
      well('web-5', { peers: [peer('web-1'), peer('web-2', away)] }),
    ];
    const esc = String.fromCharCode(27);

    expect(renderTable(all, plain)).toMatchInlineSnapshot(`
      "REPLICA  READY    PEERS              sessions  BEHIND  RELOADS  WAITS FOR
      web-1    yes      1/1 (+2 leaving)   40,000    -       1        later: remove old-1, old-2 (gone, no harm)
      web-2    yes      1/1 (+3 leaving)   40,000    -       1        later: remove old-1, old-2 (gone, no harm)
      web-3    leaving                                                is being deleted
      web-4    yes      1/1 (+1 expected)  40,000    -       1        -
      web-5    yes      1/2                40,000    -       1        -

      4 replicas, 4 ready, 1 leaving
      "
    `);
    const lines = renderTable(all, { ...plain, colors: true }).split('\n');
    expect(lines.slice(1, 6).map((line) => line.startsWith(`${esc}[33m`))).toEqual([
      ...[false, false, false, false],
      true,
    ]);
  });

  it.each<[string, Partial<Status>]>([
    ['with an addition', { pending: { ...dead, add: ['web-9'] } }],
    ['while nothing may be changed', { pending: { ...dead, decision: 'hold' } }],
    ['after a try that failed', { pending: dead, lastFailure: { atMs: 5, code: 'RELOAD_FAILED' } }],
  ])('shows a removal that waits %s as it is', (_, part) => {
    const [, row] = renderTable([well('web-1', part)], { ...plain, colors: true }).split('\n');

    expect(row).not.toContain('later');
    expect(row).toContain(`${String.fromCharCode(27)}[33m`);
  });

  it('says what tables with as many entries lack, by a sample of their keys', () => {
    const text = renderTable([well('web-1'), well('web-3')], { ...plain, differences: [split] });

    expect(text).toMatchInlineSnapshot(`
      "REPLICA  READY  PEERS  sessions  BEHIND   RELOADS  WAITS FOR
      web-1    yes    2/2    40,000    ~20,000  1        -
      web-3    yes    2/2    40,000    -        1        -

      2 replicas, 2 ready
      web-1 lacks about 20,000 entries of sessions that web-3 holds (2 of 4 keys compared, seen twice)
      "
    `);
  });

  it('fits 30 replicas on a screen', () => {
    const all = Array.from({ length: 30 }, (_, index) => well(`haproxy-7d9c6b5f4-${index}`));
    const reasons = ['a reason that is much longer than a line of a terminal can be '.repeat(5)];
    all[3] = well('haproxy-7d9c6b5f4-3', { ready: false, reasons });

    const lines = renderTable(all, { ...plain, columns: 100 })
      .trimEnd()
      .split('\n');

    expect(lines.length).toBeLessThanOrEqual(33);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('has a column for each of a few tables, and the sum of the others', () => {
    const tables = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, index) => {
      return { name, size: 1000, used: index + 1, shared: true };
    });
    const behind = well('web-2', { tables: tables.map((table) => ({ ...table, used: 1 })) });

    const [head, first, second] = renderTable([well('web-1', { tables }), behind], plain).split(
      '\n',
    );

    expect(head).toMatch(/PEERS +a +b +c +d +\+2 TABLES +BEHIND/);
    expect(first).toMatch(/2\/2 +1 +2 +3 +4 +11 +- +1 +-$/);
    expect(second).toMatch(/ b 1 c 2 d 3 e 4 f 5 /);
  });

  it('colours what is not well, and only where somebody looks', () => {
    const esc = String.fromCharCode(27);
    const coloured = renderTable([well('web-1'), waiting], { ...plain, colors: true }).split('\n');

    expect(coloured[1]).not.toContain(esc);
    expect(coloured[2]).toContain(`${esc}[33m`);
    expect(renderTable([waiting], plain)).not.toContain(esc);
  });

  it('says what a replica was asked for and does not do', () => {
    const refused = well('web-1', { troubles: ['template refused: unknown keyword'] });
    const [, row] = renderTable([refused], { ...plain, colors: true }).split('\n');

    expect(row).toContain('template refused: unknown keyword');
    expect(row).toContain(`${String.fromCharCode(27)}[33m`);
  });

  it('shows what others have written as text', () => {
    const esc = String.fromCharCode(27);
    const hostile = { ...split, table: `x${esc}[2J`, holder: 'a\nb' };
    const bad = well(`w${esc}[31m`, { ready: false, reasons: ['a\nb'] });

    const text = renderTable([bad], { ...plain, differences: [hostile] });

    expect(text).not.toContain(esc);
    expect(text.trimEnd().split('\n')).toHaveLength(5);
  });
});

it('says that a sample found no difference, where there was one to compare', () => {
  const sample = { atMs: 1, keys: ['a'], expiring: [], below: null, read: 1, whole: true };
  const table = { name: 'sessions', size: 100, used: 1, shared: true };
  const told = (name: string) => well(name, { tables: [{ ...table, sample }] });
  const said = 'no difference in a sample of the keys';

  expect(renderTable([told('web-1'), told('web-3')], plain)).toContain(`2 ready, ${said}\n`);
  expect(renderTable([told('web-1'), well('web-3')], plain)).not.toContain(said);
  expect(
    renderTable([told('web-1'), told('web-3')], { ...plain, differences: [split] }),
  ).not.toContain(said);
});
