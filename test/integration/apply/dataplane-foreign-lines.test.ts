import { expect, it } from 'vitest';
import { foreignLines } from '../../../src/config-text/foreign-lines.ts';
import { changes, entry } from '../../contract/applier.case.ts';
import type { PeersApplier } from '../../helpers/peers-applier.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import type { DataplaneStand } from '../../rig/dataplane-stand.ts';
import { forEachDataplane } from '../../rig/dataplane-suite.ts';
import { sectionName } from '../../rig/haproxy-stand.ts';

const never = new AbortController().signal;
const addB = changes({ add: [entry('b', '127.0.0.2', 1001)] });
const burst = changes({
  add: Array.from({ length: 8 }, (_, i) => entry(`n${i}`, `127.0.0.${i + 10}`, 1001)),
});
const guarded = '  .if defined(MAINTENANCE)\n  http-request deny\n  .endif\n';

/** `more` put into the frontend. */
function inFrontend(more: string) {
  return (text: string) => text.replace('  default_backend', `${more}  default_backend`);
}

async function expectHeld(on: DataplaneStand, subject: PeersApplier, said: RegExp): Promise<void> {
  const before = on.text();
  const base = await subject.read(never);

  await expect(subject.apply(base, addB, never)).rejects.toMatchObject({
    code: 'SECTION_UNMODELLED',
    retryable: false,
    message: expect.stringMatching(said),
  });

  expect(on.text()).toBe(before);
  expect(await on.runningNames()).toEqual(['a']);
  const again = await subject.read(never);
  expect(again.obstacles).toEqual([expect.stringMatching(said)]);
  expect(again.obstacles[0]).toContain('--applier direct');
}

forEachDataplane('lines of others', (suite) => {
  it('are left alone where they are conditional', async () => {
    const on = await suite.given(undefined, { rewrite: inFrontend(guarded) });

    await expectHeld(on, suite.make(on), /line \d+ \(\.if\), \d+ \(\.endif\): /);

    expect(suite.calls().map(({ stage }) => stage)).not.toContain('begin');
  });

  it('would come off with raw, too: the api parses what is posted and writes it anew', async () => {
    const on = await suite.given(undefined, { rewrite: inFrontend(guarded) });
    const { text: version } = await on.human('GET', '/configuration/version');

    await on.human(
      'POST',
      `/configuration/raw?version=${version.trim()}&skip_reload=true`,
      on.text(),
    );

    const lines = on
      .text()
      .split('\n')
      .map((line) => line.trim());
    expect(lines.indexOf('http-request deny')).toBeLessThan(
      lines.indexOf('.if defined(MAINTENANCE)'),
    );
    expect(lines[lines.indexOf('.if defined(MAINTENANCE)') + 1]).toBe('.endif');
  });

  it('are not moved behind others that HAProxy would read before them', async () => {
    // Neither version knows `ignore-empty`, and puts what it does not know last.
    const rules =
      '  http-request redirect location /x ignore-empty if FALSE\n  http-request deny if FALSE\n';
    const on = await suite.given(undefined, { rewrite: inFrontend(rules) });

    await expectHeld(
      on,
      suite.make(on),
      /line \d+ \(http-request in frontend web\) would be moved/,
    );

    expect(await suite.openTransactions(on)).toBe(0);
  });

  it('are not put under defaults that stand below them', async () => {
    const servers =
      '  server plain 127.0.0.1:81\n  default-server ssl verify none\n  server tls 127.0.0.1:82\n';
    const on = await suite.given(undefined, { rewrite: (text) => `${text}${servers}` });

    await expectHeld(on, suite.make(on), /line \d+ \(server in backend sessions\) would be lost/);
  });

  it(
    'survive a burst as a program section behind the peers section',
    unless(missingOf({ 'HAProxy 3.0': programs.haproxy30 })),
    async () => {
      const program = 'program helper\n  command /bin/sleep 1000\n  no option start-on-reload\n\n';
      const on = await suite.given(undefined, {
        haproxy: programs.haproxy30 ?? '',
        rewrite: (text) => text.replace('frontend web', `${program}frontend web`),
      });
      const subject = suite.make(on);

      await subject.apply(await subject.read(never), burst, never);

      expect(on.text()).toMatch(
        /program helper\n\s+command \/bin\/sleep 1000\n\s+no option start-on-reload\n/,
      );
      expect(await on.runningNames()).toEqual(['a', ...burst.add.map(({ name }) => name)]);
    },
  );

  it('survive a burst as a table that the api does not know', async () => {
    const table = 'table t1 type string size 1k srvkey addr store server_id';
    const on = await suite.given(['peer a 127.0.0.1:PORT', table]);
    const subject = suite.make(on);

    await subject.apply(await subject.read(never), burst, never);

    expect(on.text()).toContain(table);
    expect(await on.runningNames()).toEqual(['a', ...burst.add.map(({ name }) => name)]);
  });

  it('keep their meaning with two unnamed defaults', async () => {
    const on = await suite.given(undefined, {
      rewrite: (text) => `${text}defaults\n  mode tcp\n  timeout connect 9s\nbackend late\n`,
    });
    const before = on.text();
    const subject = suite.make(on);

    await subject.apply(await subject.read(never), addB, never);

    const own = { keyword: 'peers', section: sectionName, names: new Set(['b']), env: {} };
    const keys = (text: string) =>
      foreignLines(text, [own])
        .map(({ key }) => key)
        .sort();
    expect(keys(on.text())).toEqual(expect.arrayContaining(keys(before)));
    expect(on.text()).toContain('backend late from unnamed_defaults_2');
  });
});
