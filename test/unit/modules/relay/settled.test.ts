import { expect, it } from 'vitest';
import type { View } from '../../../../src/modules/relay/pairing/view.ts';
import { createSettled } from '../../../../src/modules/relay/settled.ts';

const long = 1e9;
const view = (worker: string, more: Partial<View> = {}): View => ({
  ...{ worker, learned: true, fresh: true, entries: 1 },
  ...more,
});

it.each<[string, readonly (View | null)[], boolean]>([
  ['one that was there before this program', [view('w')], false],
  ['one that was seen to learn', [view('w', { learned: false }), view('w')], true],
  ['the same, which did not answer', [view('w', { learned: false }), null, view('w'), null], true],
  [
    'one that took over from an earlier worker',
    [view('w', { learned: false, fresh: false }), view('w', { fresh: false })],
    false,
  ],
  ['one that still learns', [view('w', { learned: false })], false],
  ['another one, not seen to learn', [view('v', { learned: false }), view('w')], false],
])('%s', (_, views, isRecent) => {
  let nowMs = 0;
  const settled = createSettled(() => nowMs);
  for (const one of views) settled.look(one);
  nowMs = 700;
  if (isRecent) expect(settled.ms()).toBe(700);
  else expect(settled.ms()).toBeGreaterThan(long);
});
