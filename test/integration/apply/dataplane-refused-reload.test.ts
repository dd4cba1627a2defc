import { expect, it } from 'vitest';
import { changes, entry } from '../../contract/applier.case.ts';
import { humanAdds, humanBreaks, occupied } from '../../rig/appliers.ts';
import type { DataplaneStand } from '../../rig/dataplane-stand.ts';
import { type DataplaneSuite, forEachDataplane } from '../../rig/dataplane-suite.ts';

const never = new AbortController().signal;
const addB = changes({ add: [entry('b', '127.0.0.2', 1001)] });

/** `more` put into the frontend. */
function inFrontend(more: string) {
  return (text: string) => text.replace('  default_backend', `${more}  default_backend`);
}

/** What no write of the API keeps as it is. */
const fragile: readonly [title: string, rewrite: (text: string) => string][] = [
  ['conditional lines', inFrontend('  .if defined(MAINTENANCE)\n  http-request deny\n  .endif\n')],
  [
    'two unnamed defaults',
    (text) => `${text}defaults\n  mode tcp\n  timeout connect 9s\nbackend late\n`,
  ],
  [
    'a rule that the api does not know',
    inFrontend(
      '  http-request redirect location /x ignore-empty if FALSE\n  http-request deny if FALSE\n',
    ),
  ],
];

/** The API notices no file that it has not written itself: it would write the one that it puts back anew. */
const blind = true;

async function inStep(on: DataplaneStand): Promise<boolean> {
  const { text, configurationVersion } = await on.human('GET', '/configuration/raw');
  return (/_version=(\d+)/.exec(text)?.[1] ?? '1') === configurationVersion;
}

interface Refused {
  readonly rewrite?: ((text: string) => string) | undefined;
  readonly prepare?: (on: DataplaneStand) => Promise<unknown>;
  /** In the commit that is refused. */
  readonly more?: (on: DataplaneStand, transaction: string) => Promise<unknown>;
}

/** Somebody commits what passes validation and fails the reload. */
async function givenRefused(
  suite: DataplaneSuite,
  { rewrite, prepare, more }: Refused = {},
): Promise<{ on: DataplaneStand; before: string }> {
  const on = await suite.given(undefined, { blind, ...(rewrite && { rewrite }) });
  await prepare?.(on);
  const before = on.text();
  const { port, free } = await occupied();
  expect(await humanBreaks(on, port, async (id) => more?.(on, id))).toBe(400);
  await free();
  expect(on.text()).toBe(before);
  expect(await inStep(on)).toBe(false);
  return { on, before };
}

forEachDataplane('a reload of somebody else that was refused', (suite) => {
  it.each(fragile)(
    'does not cost %s of a file that the api never wrote',
    async (_title, rewrite) => {
      const { on, before } = await givenRefused(suite, { rewrite });
      const subject = suite.make(on);

      const section = await subject.read(never);
      await expect(subject.apply(section, addB, never)).rejects.toMatchObject({
        code: 'SECTION_UNMODELLED',
      });
      await subject.read(never);

      expect(on.text()).toBe(before);
      expect(section.entries.map(({ name }) => name)).toEqual(['a']);
      expect(section.obstacles.join()).toContain('--applier direct');
      expect(suite.calls().filter(({ stage }) => stage === 'repair')).toEqual([]);
      expect(await suite.openTransactions(on)).toBe(0);
    },
  );

  it('is mended where the file keeps its meaning, though the api never wrote it', async () => {
    const { on } = await givenRefused(suite);
    const subject = suite.make(on);

    const section = await subject.read(never);

    expect(section.obstacles).toEqual([]);
    expect(await inStep(on)).toBe(true);
    expect(await suite.openTransactions(on)).toBe(0);
    expect((await subject.apply(section, addB, never)).reloaded).toBe(true);
    expect(await on.runningNames()).toEqual(['a', 'b']);
  });

  it('is mended where it took away a line of a file that the api wrote', async () => {
    const { on, before } = await givenRefused(suite, {
      prepare: (stand) => humanAdds(stand, entry('y', '127.0.0.25', 1025)),
      more: (stand, transaction) =>
        stand.human(
          'DELETE',
          `/configuration/peer_entries/y?peer_section=haproxy-peers&transaction_id=${transaction}`,
        ),
    });
    const subject = suite.make(on);

    const section = await subject.read(never);

    expect(section.obstacles).toEqual([]);
    expect(await inStep(on)).toBe(true);
    expect(on.text().replace(/^#.*\n/gm, '')).toBe(before.replace(/^#.*\n/gm, ''));
    await subject.apply(section, addB, never);
    expect(await on.runningNames()).toEqual(['a', 'b', 'y']);
  });

  it('is mended where it was our own change of a file that the api never wrote', async () => {
    const on = await suite.given(['peer a 127.0.0.1:PORT', 'peer x 127.0.0.9:9'], { blind });
    const subject = suite.make(on);
    const { port, free } = await occupied();
    const change = changes({
      update: [entry('a', '127.0.0.1', port)],
      remove: [entry('x', '127.0.0.9', 9)],
    });

    const applying = subject.apply(await subject.read(never), change, never);
    await expect(applying).rejects.toMatchObject({ code: 'RELOAD_FAILED' });
    await free();

    const section = await subject.read(never);
    expect(section.obstacles).toEqual([]);
    expect(await inStep(on)).toBe(true);
    expect((await subject.apply(section, addB, never)).reloaded).toBe(true);
    expect(await on.runningNames()).toEqual(['a', 'b', 'x']);
  });

  it('is held with what mends it: the api reads the file anew when it starts', async () => {
    const [, rewrite] = fragile[1] ?? [];
    const { on } = await givenRefused(suite, { rewrite });
    const subject = suite.make(on);
    const held = await subject.read(never);

    await on.stopApi();
    await on.startApi();
    const section = await subject.read(never);
    await subject.apply(section, addB, never);

    expect(held.obstacles.join()).toContain('restart the Data Plane API');
    expect(section.obstacles).toEqual([]);
    expect(await on.runningNames()).toEqual(['a', 'b']);
  });
});
