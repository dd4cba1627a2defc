import { expect, it } from 'vitest';
import { unknownView, viewOf } from '../../../../../src/modules/relay/bridge/view.ts';
import { firstLesson } from '../../../../../src/modules/relay/pairing/lessons.ts';
import { status } from '../../../../helpers/status.ts';

const table = (used: number, shared = true) => ({ name: `t${used}`, size: 100, used, shared });

it.each([
  ['learned', { learned: true, fresh: false, entries: 7 }],
  ['alone', { learned: true, fresh: false, entries: 7 }],
  ['unknown', { learned: true, fresh: false, entries: 7 }],
  ['pending', { learned: false, fresh: false, entries: 7 }],
  [null, null],
] as const)('what a status says of its HAProxy: resync %s', (resync, view) => {
  const tables = [table(3), table(4), table(50, false)];
  expect(viewOf(status('b', { resync, tables }))).toEqual(view);
});

it('who does not answer may hold everything: nobody is told that there is nothing to learn', () => {
  const others = [{ name: 'b', view: { ...unknownView, worker: 'w' } }];
  expect(firstLesson(true, others).kind).toBe('learn');
});
