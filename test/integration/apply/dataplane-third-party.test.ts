import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { hardReload, reloadOverMaster } from '../../../src/haproxy/master.ts';
import { changes, entry } from '../../contract/applier.case.ts';
import { eventually } from '../../helpers/eventually.ts';
import type { PeersApplier } from '../../helpers/peers-applier.ts';
import { onlyInAll } from '../../helpers/skip.ts';
import { humanBegins, humanSees, occupied } from '../../rig/appliers.ts';
import type { DataplaneStand } from '../../rig/dataplane-stand.ts';
import { forEachDataplane } from '../../rig/dataplane-suite.ts';

const never = new AbortController().signal;
const addB = changes({ add: [entry('b', '127.0.0.2', 1001)] });
/** Seconds: long enough for our reload to come before the API's own. */
const reloadDelay = 10;

/** Somebody commits a peer and leaves the reload to the API, some time later. */
async function humanCommits(on: DataplaneStand, name: string): Promise<void> {
  const transaction = await humanBegins(on);
  const query = `peer_section=haproxy-peers&transaction_id=${transaction}`;
  const line = { name, address: '192.0.2.9', port: 1024 };
  await on.human('POST', `/configuration/peer_entries?${query}`, line);
  expect((await on.human('PUT', `/transactions/${transaction}`)).status).toBe(202);
}

/** A change that HAProxy takes for valid and cannot load: our own line on a port that is taken. */
async function failingChange() {
  const { port, free } = await occupied();
  onTestFinished(() => void free());
  return changes({ update: [entry('a', '127.0.0.1', port)], add: [entry('c', '127.0.0.3', 1)] });
}

/** Over the master socket, and never while the api has a reload to do. */
function overMaster(on: DataplaneStand) {
  const alone = async () =>
    expect((await on.human('GET', '/reloads')).text).not.toContain('in_progress');
  return {
    async reload() {
      await alone();
      await reloadOverMaster(on.masterSocket);
    },
    async hardReload() {
      await alone();
      return hardReload(on.masterSocket);
    },
  };
}

async function expectEverywhere(on: DataplaneStand, names: readonly string[]): Promise<void> {
  // The API's own reload is over, and did not put anything else in place.
  await eventually(async () => !(await on.human('GET', '/reloads')).text.includes('in_progress'));
  expect(Object.keys(await humanSees(on)).sort()).toEqual(names);
  await expect.poll(() => on.runningNames()).toEqual(names);
  const { text, configurationVersion } = await on.human('GET', '/configuration/raw');
  expect(/_version=(\d+)/.exec(text)?.[1]).toBe(configurationVersion);
  const written = [...on.text().matchAll(/^ +peer (\S+)/gm)].map(([, name]) => name ?? '');
  expect(written.sort()).toEqual(names);
}

const ours: readonly [
  title: string,
  act: (subject: PeersApplier) => Promise<unknown>,
  names: readonly string[],
][] = [
  ['our reload', (subject) => subject.reload(never), ['a', 'z']],
  [
    'our hard-reload',
    async (subject) => expect(await subject.hardReload(never)).toBe(true),
    ['a', 'z'],
  ],
  [
    'our change',
    async (subject) => subject.apply(await subject.read(never), addB, never),
    ['a', 'b', 'z'],
  ],
  [
    'our change that HAProxy cannot load',
    async (subject) => {
      const failing = await failingChange();
      const applying = subject.apply(await subject.read(never), failing, never);
      await expect(applying).rejects.toMatchObject({ code: 'RELOAD_FAILED' });
    },
    ['a', 'z'],
  ],
];

forEachDataplane("a commit of somebody else before the api's own reload", (suite) => {
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(suite.logged());
  });

  it.each(ours)('survives %s', async (_title, act, names) => {
    const on = await suite.given(undefined, { reloadDelay });
    const subject = suite.make(on, { overMaster: overMaster(on) });

    await humanCommits(on, 'z');
    await act(subject);
    await expectEverywhere(on, names);
  });

  it('survives our reload where the api may not write', async () => {
    const guarded = '  .if defined(MAINTENANCE)\n  .endif\n';
    const on = await suite.given(undefined, {
      reloadDelay: 3,
      rewrite: (text) => text.replace('  default_backend', `${guarded}  default_backend`),
    });
    const subject = suite.make(on, { overMaster: overMaster(on) });

    await humanCommits(on, 'z');
    await subject.reload(never);

    expect(suite.logged()).toContain('over the master socket');
    await expectEverywhere(on, ['a', 'z']);
  });

  // Where the API's own reload meets our forced one, it answers for ours with the success of its own, once in some ten moments.
  it.each(ours)('survives %s at any moment', async (_title, act, names) => {
    const on = await suite.given(undefined, { reloadDelay: 1 });
    const subject = suite.make(on, { overMaster: overMaster(on) });
    // More of them with `npm run test:all`.
    const count = onlyInAll === undefined ? 4 : 2;
    const moments = Array.from({ length: count }, () => Math.round(Math.random() * 1100));
    onTestFinished(({ task }) => {
      if (task.result?.state === 'fail') console.error('moments', moments);
    });

    for (const [index, moment] of moments.entries()) {
      await humanCommits(on, `z${index}`);
      await sleep(moment);
      await act(subject);
    }

    const humans = moments.map((_, index) => `z${index}`);
    await expectEverywhere(on, [...names.filter((name) => name !== 'z'), ...humans]);
  });
});
