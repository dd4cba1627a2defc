import { expect, it } from 'vitest';
import type { Edit } from '../../../src/apply/edit.ts';
import { saysTheSame } from '../../../src/config-text/surviving-lines.ts';
import { peersEdit } from '../../../src/modules/peers/edit.ts';
import { changes, entry } from '../../contract/applier.case.ts';
import { dataplaneConfigurations } from '../../rig/appliers.ts';
import { forEachDataplane } from '../../rig/dataplane-suite.ts';
import { sectionName } from '../../rig/haproxy-stand.ts';

const never = new AbortController().signal;
const section = { sectionName, env: {}, running: undefined };
const addB = peersEdit(changes({ add: [entry('b', '127.0.0.2', 1001)] }), section);
const longer = 'timeout client 7s';

/** Another text in place of all. */
function whole(rewrite: (text: string) => string): Edit {
  return {
    owner: 'other',
    remaining: ({ text }) =>
      rewrite(text) === text
        ? null
        : {
            what: {},
            own: { keyword: 'peers', section: sectionName, names: new Set(), env: {} },
            whole: true,
            inText: rewrite,
            ways: () => [],
            lacks: async () => false,
          },
  };
}

const other = whole((text) => text.replace('timeout client 5s', longer));

forEachDataplane('an edit of the whole text', (suite) => {
  it('is made in one reload with what others want', async () => {
    const on = await suite.given();
    const subject = dataplaneConfigurations(on, section, []);

    const done = await subject.commit(await subject.read(never), [addB, other], never);

    expect(done).toMatchObject({ reloaded: true, attempts: 1 });
    expect(await on.runningNames()).toEqual(['a', 'b']);
    expect(on.text()).toContain(longer);
    const after = await subject.read(never);
    expect(after.text).toBe(on.text());
    expect(await subject.commit(after, [other], never)).toMatchObject({ reloaded: false });
  });

  it.each([
    ['a line that HAProxy does not take', '  frobnicate\n', 'DATAPLANE_REJECTED', 'frobnicate'],
    [
      'a condition',
      '  .if defined(X)\n  http-request deny\n  .endif\n',
      'SECTION_UNMODELLED',
      '.if',
    ],
    [
      'a line that comes back behind another one',
      '  http-request redirect location /x ignore-empty if FALSE\n  http-request deny if FALSE\n',
      ...(['SECTION_UNMODELLED', 'would be moved'] as const),
    ],
  ])('with %s is refused, leaves what is there, and keeps nobody', async (_, lines, code, why) => {
    const on = await suite.given();
    const subject = dataplaneConfigurations(on, section, []);
    const base = await subject.read(never);
    const bad = whole((text) =>
      text.includes(lines) ? text : text.replace('frontend web\n', `frontend web\n${lines}`),
    );

    await expect(subject.commit(base, [bad], never)).rejects.toMatchObject({
      ...{ code, retryable: false },
      message: expect.stringContaining(why),
    });

    const after = await subject.read(never);
    expect(after.obstacles).toEqual([]);
    expect(saysTheSame(after.text, base.text)).toBe(true);
    expect(await suite.openTransactions(on)).toBe(0);
    const both = await subject.commit(after, [addB, bad], never);
    expect(both).toMatchObject({ reloaded: true, held: [{ owner: 'other', error: { code } }] });
    expect(await on.runningNames()).toEqual(['a', 'b']);
    expect(on.text()).toContain('frontend web');
  });
});
