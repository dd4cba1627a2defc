import { expect, it } from 'vitest';
import type { Edit, Step } from '../../../src/apply/edit.ts';
import { peersEdit } from '../../../src/modules/peers/edit.ts';
import { changes, entry } from '../../contract/applier.case.ts';
import { dataplaneConfigurations } from '../../rig/appliers.ts';
import { forEachDataplane } from '../../rig/dataplane-suite.ts';
import { sectionName } from '../../rig/haproxy-stand.ts';

const never = new AbortController().signal;
const section = { sectionName, env: {}, running: undefined };
const addB = peersEdit(changes({ add: [entry('b', '127.0.0.2', 1001)] }), section);

/** An edit of another module that would take along a line which is not its own. */
function damaging(part: Partial<Step>): Edit {
  const step: Step = {
    what: {},
    own: { keyword: 'backend', section: 'sessions', names: new Set(), env: {} },
    inText: (text) => text,
    ways: () => [
      {
        name: 'damage',
        async make({ call }, transaction, signal) {
          const path = '/configuration/frontends/web';
          const query = { transaction_id: transaction };
          const expected = [202, 204];
          await call({ stage: 'edit', method: 'DELETE', path, query, expect: expected, signal });
        },
      },
    ],
    lacks: async () => false,
    ...part,
  };
  return { owner: 'other', remaining: () => step };
}

const long = damaging({ inText: (text) => `${text}# ${'x'.repeat(70_000)}\n` });

forEachDataplane('an edit of one module that would damage a line', (suite) => {
  it.each([
    ['in a transaction', damaging({}), 'commit'],
    ['written without a reload', long, 'persist'],
  ] as const)('%s is refused, and keeps no member from being let in', async (_, edit, lane) => {
    const on = await suite.given();
    const subject = dataplaneConfigurations(on, section, []);
    const base = await subject.read(never);

    await expect(subject[lane](base, [edit], never)).rejects.toMatchObject({
      code: 'SECTION_UNMODELLED',
    });
    const after = await subject.read(never);
    const both = await subject.commit(after, [addB, edit], never);

    expect(after.obstacles).toEqual([]);
    expect(after.text).toBe(base.text);
    expect(both).toMatchObject({ reloaded: true, held: [{ owner: 'other' }] });
    expect(await on.runningNames()).toEqual(['a', 'b']);
    expect(on.text()).toContain('frontend web');
  });

  it('keeps no other module from having written what the worker has already', async () => {
    const on = await suite.given();
    const subject = dataplaneConfigurations(on, section, []);
    const base = await subject.read(never);

    const { held } = await subject.persist(base, [addB, long], never);

    expect(held).toMatchObject([{ owner: 'other', error: { code: 'SECTION_UNMODELLED' } }]);
    expect(on.text()).toContain('peer b 127.0.0.2:1001');
  });
});
