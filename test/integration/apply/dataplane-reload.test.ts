import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hardReload, reloadOverMaster } from '../../../src/haproxy/master.ts';
import { changes, entry } from '../../contract/applier.case.ts';
import { eventually } from '../../helpers/eventually.ts';
import type { Verdict } from '../../helpers/proxy.ts';
import { humanAdds, humanBreaks, humanSees, occupied } from '../../rig/appliers.ts';
import type { DataplaneStand } from '../../rig/dataplane-stand.ts';
import { forEachDataplane, runningPeers } from '../../rig/dataplane-suite.ts';

const never = new AbortController().signal;
const b = entry('b', '127.0.0.2', 1001);
const addB = changes({ add: [b] });

forEachDataplane('reload', (suite) => {
  it('does not do a change twice whose commit was answered to nobody', async () => {
    const on = await suite.given();
    let lost = 0;
    const subject = await suite.behind(
      on,
      (call): Verdict => {
        if (!call.startsWith('PUT') || lost > 0) return 'pass';
        lost += 1;
        return 'reset';
      },
      { running: () => runningPeers(on) },
    );

    const applied = await subject.apply(await subject.read(never), addB, never);

    expect(applied).toMatchObject({ reloaded: true, attempts: 2 });
    expect(suite.calls().filter(({ stage }) => stage === 'commit')).toHaveLength(1);
    expect(await on.runningNames()).toEqual(['a', 'b']);
  });

  it('says that a reload is due for a change that was written but never loaded', async () => {
    const on = await suite.given();
    const subject = await suite.behind(
      on,
      async (call) => {
        if (!call.startsWith('PUT') || on.text().includes('peer b ')) return 'pass';
        await writtenAlone(on);
        return { status: 500, body: 'killed' };
      },
      { running: () => runningPeers(on) },
    );

    const applied = await subject.apply(await subject.read(never), addB, never);
    const due = await subject.reloadDue(never);
    await subject.reload(never);

    expect(applied.reloaded).toBe(false);
    expect(due).toBe(true);
    expect(await on.runningNames()).toEqual(['a', 'b']);
    expect(await subject.reloadDue(never)).toBe(false);
  });

  it('says so when a process was killed during its commit, until somebody has reloaded', async () => {
    const on = await suite.given(['peer a 127.0.0.1:PORT']);
    await writtenAlone(on);
    noteDue(on);
    const subject = suite.make(on, {
      stateDirectory: on.directory,
      running: () => runningPeers(on),
    });

    const due = await subject.reloadDue(never);
    await reloadOverMaster(on.masterSocket);
    await eventually(async () => (await on.runningNames()).includes('b'));

    expect(due).toBe(true);
    expect(await subject.reloadDue(never)).toBe(false);
    expect((await subject.apply(await subject.read(never), addB, never)).reloaded).toBe(false);
  });

  it('still says so when the commit of another change is refused, which wrote and loaded nothing', async () => {
    const on = await suite.given(['peer a 127.0.0.1:PORT']);
    await writtenAlone(on);
    noteDue(on);
    const subject = await suite.behind(
      on,
      (call): Verdict => (call.startsWith('PUT') ? { status: 409, body: 'moved on' } : 'pass'),
      { stateDirectory: on.directory, running: () => runningPeers(on) },
    );

    const addC = changes({ add: [entry('c', '127.0.0.3', 1001)] });
    const applying = subject.apply(await subject.read(never), addC, never);
    await expect(applying).rejects.toMatchObject({ code: 'DATAPLANE_CONFLICT' });

    expect(await on.runningNames()).toEqual(['a']);
    expect(await subject.reloadDue(never)).toBe(true);
  });

  it.each(['reload', 'hardReload'] as const)(
    'says it no more after a %s over the master socket, whatever the worker shows',
    async (how) => {
      const guarded = '  .if defined(MAINTENANCE)\n  .endif\n';
      const on = await suite.given(undefined, {
        rewrite: (text) => text.replace('  default_backend', `${guarded}  default_backend`),
      });
      noteDue(on);
      const subject = suite.make(on, {
        stateDirectory: on.directory,
        running: async () => [],
        overMaster: {
          reload: (signal) => reloadOverMaster(on.masterSocket, { signal }),
          hardReload: (signal) => hardReload(on.masterSocket, { signal }),
        },
      });

      const due = await subject.reloadDue(never);
      await subject[how](never);

      expect(due).toBe(true);
      expect(await subject.reloadDue(never)).toBe(false);
    },
  );

  it('repairs an api that holds what haproxy refused to load, without a reload', async () => {
    const on = await suite.given();
    await humanAdds(on, entry('y', '127.0.0.25', 1025));
    const { port, free } = await occupied();
    const status = await humanBreaks(on, port);
    const workerBefore = pidOf(await on.ask('show info'));
    const subject = suite.make(on);

    const base = await subject.read(never);
    const workerAfter = pidOf(await on.ask('show info'));
    const applied = await subject.apply(base, addB, never);
    await free();

    expect(status).toBe(400);
    expect(suite.logged()).toContain('repaired');
    expect(workerAfter).toBe(workerBefore);
    expect(applied.reloaded).toBe(true);
    expect(Object.keys(await humanSees(on)).sort()).toEqual(['a', 'b', 'y']);
    expect(on.text()).not.toContain(`127.0.0.1:${port}`);
    expect(await on.runningNames()).toEqual(['a', 'b', 'y']);
  });

  it('repairs nothing when it may only read', async () => {
    const on = await suite.given();
    await humanAdds(on, entry('y', '127.0.0.25', 1025));
    const { port, free } = await occupied();
    await humanBreaks(on, port);
    const before = (await on.human('GET', '/configuration/version')).text;

    await suite.make(on, { readOnly: true }).read(never);
    await free();

    expect((await on.human('GET', '/configuration/version')).text).toBe(before);
  });

  it('says reload failed, keeps the old worker and leaves the api able to go on', async () => {
    const on = await suite.given();
    await humanAdds(on, entry('y', '127.0.0.25', 1025));
    const { port, free } = await occupied();
    const subject = suite.make(on);
    const base = await subject.read(never);
    // Our own line is where HAProxy listens: an occupied port passes validation and fails the reload.
    const move = changes({ update: [entry('a', '127.0.0.1', port)] });

    await expect(subject.apply(base, move, never)).rejects.toMatchObject({
      code: 'RELOAD_FAILED',
      retryable: false,
      message: expect.stringContaining('cannot bind'),
    });
    await free();

    const { text, configurationVersion } = await on.human('GET', '/configuration/raw');
    expect(/_version=(\d+)/.exec(text)?.[1]).toBe(configurationVersion);
    expect(await on.runningNames()).toEqual(['a', 'y']);
    expect((await subject.apply(base, addB, never)).reloaded).toBe(true);
    expect(await on.runningNames()).toEqual(['a', 'b', 'y']);
  });
});

/** b is written without a reload, as by an API that is killed between the two. */
async function writtenAlone(on: DataplaneStand): Promise<void> {
  const text = on.text().replace(/(peer a .*\n)/, '$1  peer b 127.0.0.2:1001\n');
  const { text: current } = await on.human('GET', '/configuration/version');
  const query = `version=${current.trim()}&skip_reload=true`;
  await on.human('POST', `/configuration/raw?${query}`, text);
}

/** What a process leaves that is killed in the middle of a commit. */
function noteDue({ directory }: DataplaneStand): void {
  const file = join(directory, 'haproxy-peer-sync.transactions.json');
  writeFileSync(file, JSON.stringify({ open: [], reloadDue: true }));
}

function pidOf(info: string): number {
  return Number(/^Pid: (\d+)/m.exec(info)?.[1] ?? 0);
}
