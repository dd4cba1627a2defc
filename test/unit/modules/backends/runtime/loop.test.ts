import { expect, it, onTestFinished } from 'vitest';
import type { BackendFacts, Kept } from '../../../../../src/modules/backends/runtime/keeper.ts';
import { createLoop } from '../../../../../src/modules/backends/runtime/loop.ts';
import { capturedLog } from '../../../../helpers/captured-log.ts';
import { eventually } from '../../../../helpers/eventually.ts';

const kept: Kept = {
  ...{ serves: true, holds: [], servers: { up: 0, drain: 0, maint: 0 }, has: [], changes: 0 },
  wakeMs: null,
};

/** A loop over a HAProxy that never changes; `refuses`: what haproxy.cfg says whenever it is asked. */
function given(refuses: () => string | null) {
  const passes: BackendFacts[] = [];
  const loop = createLoop({
    backends: [
      {
        name: 'be_app',
        wanted: () => [],
        keeper: {
          async pass(_wanted, facts) {
            passes.push(facts);
            return kept;
          },
        },
      },
    ],
    info: async () => 'Version: 3.4.0\nPid: 7\n',
    facts: async () => ({ params: [], balance: null, refuses: refuses() }),
    ...{ onKept() {}, compareMs: 3_600_000, log: capturedLog().log },
  });
  const controller = new AbortController();
  const running = loop.run(controller.signal);
  onTestFinished(async () => {
    controller.abort();
    await running;
  });
  return { loop, refusals: () => passes.map((facts) => facts.refuses) };
}

it('asks haproxy.cfg again at the next change where it refused', async () => {
  let why: string | null = 'cannot be read';
  const { loop, refusals } = given(() => why);

  await eventually(() => refusals().length === 1);
  why = null;
  loop.poke('be_app');

  await eventually(() => expect(refusals()).toEqual(['cannot be read', null]));
});

it('does not ask it again for a change where it did not', async () => {
  let asked = 0;
  const { loop, refusals } = given(() => {
    asked += 1;
    return null;
  });

  await eventually(() => refusals().length === 1);
  loop.poke('be_app');
  await eventually(() => refusals().length === 2);

  expect(asked).toBe(1);
});
