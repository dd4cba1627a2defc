import { expect, it } from 'vitest';
import { noChanges } from '../../../src/model/changes.ts';
import { createStatusBoard } from '../../../src/telemetry/status-board.ts';
import { entry, membership, section, self, up } from '../../helpers/members.ts';

/** HAProxy does not answer: what the reconciler told is all there is. */
function bench(troubles: readonly string[] = []) {
  const board = createStatusBoard({
    self: self('a'),
    version: '1',
    section: 'mypeers',
    mode: 'reload',
    adminSocket: '/nonexistent/admin.sock',
    masterSocket: '/nonexistent/master.sock',
    members: () => membership('a', 'b'),
    readiness: () => ({ ready: true, reasons: [] }),
    incomplete: () => false,
    troubles: () => troubles,
    now: () => 0,
    wallNow: () => 5000,
  });
  const changes = { ...noChanges, add: [entry('b')], remove: [entry('c')] };
  board.pass({
    membership: membership('a', 'b'),
    section: section(['a', 'c']),
    plan: { kind: 'changes', changes, reasons: [] },
    observed: up(),
    decision: { kind: 'apply', via: 'reload', reasons: [] },
  });
  return { board, changes };
}

it('tells what was made of the section', async () => {
  const { board, changes } = bench();
  board.applied({ reloaded: true, attempts: 1 }, 120.4, changes);

  const { lastChange } = await board.status();
  expect(lastChange).toEqual({ atMs: 5000, joined: ['b'], moved: [], left: ['c'], ms: 120 });
});

it('does not tell as done what was held while HAProxy was reloaded for others', async () => {
  const { board } = bench();
  board.applied({ reloaded: true, attempts: 1 }, 1, noChanges);

  expect((await board.status()).lastChange).toMatchObject({ joined: [], left: [] });
});

it('tells of no change where all of it was held', async () => {
  const { board } = bench();
  board.applied({ reloaded: false, attempts: 1 }, 1, noChanges);

  expect((await board.status()).lastChange).toBeNull();
});

it('tells what modules were asked for and do not do, and nothing where there is nothing', async () => {
  expect(await bench(['template refused: no']).board.status()).toMatchObject({
    troubles: ['template refused: no'],
  });
  expect(await bench().board.status()).not.toHaveProperty('troubles');
});
