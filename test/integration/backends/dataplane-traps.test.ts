import { expect, it } from 'vitest';
import { parseServersState } from '../../../src/haproxy/servers-state.ts';
import { serversEdit } from '../../../src/modules/backends/file/servers-edit.ts';
import type { WantedServer } from '../../../src/modules/backends/server.ts';
import { backend, server } from '../../helpers/backends.ts';
import { eventually } from '../../helpers/eventually.ts';
import { onlyInAll, unless } from '../../helpers/skip.ts';
import { dataplaneConfigurations, humanBreaks, occupied } from '../../rig/appliers.ts';
import type { DataplaneStand } from '../../rig/dataplane-stand.ts';
import { forEachDataplane } from '../../rig/dataplane-suite.ts';
import { sectionName } from '../../rig/haproxy-stand.ts';

/*
 * What the Data Plane API does with servers, as it is, and what becomes of ours. If one of the first expectations of a test fails with a
 * later version, the API has changed, and what was built around it can go.
 */

const never = new AbortController().signal;
const inCondition = '.if defined(NOBODY)\n  server guarded 127.0.0.1:9\n.endif\n';
const app =
  (more = '') =>
  (text: string) =>
    `${text}backend be_app\n  balance roundrobin\n  server static1 127.0.0.1:81\n${more}`;

const edit = (servers: readonly WantedServer[], params: readonly string[] = []) =>
  serversEdit(backend(servers, 'be_app'), { params });

const applierOf = (on: DataplaneStand) => dataplaneConfigurations(on, { sectionName, env: {} }, []);

const pid = async (on: DataplaneStand) => /Pid: (\d+)/.exec(await on.ask('show info'))?.[1];

async function serverIn(on: DataplaneStand, name: string) {
  const all = parseServersState(await on.ask('show servers state be_app')) ?? [];
  return all.find((each) => each.name === name);
}

/** The path of the servers of be_app, with a query begun. */
const pathOf = ({ version }: DataplaneStand, name = '') =>
  version === 'v3'
    ? `/configuration/backends/be_app/servers${name}?`
    : `/configuration/servers${name}?backend=be_app&`;

const version = async (on: DataplaneStand) =>
  (await on.human('GET', '/configuration/raw')).configurationVersion;

forEachDataplane('servers', (suite) => {
  const oldInAll = unless(suite.version === 'v2' ? onlyInAll : undefined);

  it('a server that is posted alone gets no traffic: F1. Ours does, and there is no reload: F5', async () => {
    const on = await suite.given(undefined, { rewrite: app() });
    const first = await pid(on);
    const line = { name: 'posted', address: '127.0.0.1', port: 82 };
    const posted = await on.human('POST', `${pathOf(on)}version=${await version(on)}`, line);
    // 2.9 reloads for it, some time later.
    expect(posted.status).toBe(on.version === 'v3' ? 201 : 202);
    expect(on.text()).toContain('server posted 127.0.0.1:82');
    if (on.version === 'v3')
      expect(await serverIn(on, 'posted')).toMatchObject({ inMaintenance: true });
    else await eventually(async () => (await pid(on)) !== first);
    const before = await pid(on);

    const subject = applierOf(on);
    await subject.persist(await subject.read(never), [edit([server('app-1')])], never);

    expect(on.text()).toContain('server app-1 10.9.0.1:80 id ');
    expect(await pid(on)).toBe(before);
    // The worker is told by its socket, not by this.
    expect(await serverIn(on, 'app-1')).toBeUndefined();
  });

  it('a server that is deleted costs a reload: F4. Ours goes without one', oldInAll, async () => {
    const on = await suite.given(undefined, { rewrite: app('  server old 127.0.0.1:83\n') });
    const subject = applierOf(on);
    await subject.persist(await subject.read(never), [edit([server('app-1')])], never);
    const first = await pid(on);
    const gone = serversEdit(backend([], 'be_app'), { written: new Set(['app-1']) });
    await subject.persist(await subject.read(never), [gone], never);
    expect(on.text()).not.toContain('app-1');
    expect(await pid(on)).toBe(first);

    const deleted = await on.human('DELETE', `${pathOf(on, '/old')}version=${await version(on)}`);

    expect(deleted.status).toBe(202);
    await eventually(async () => (await pid(on)) !== first);
  });

  it(
    'a failed reload of anybody takes back what was written without one: F6',
    unless(onlyInAll),
    async () => {
      const on = await suite.given(undefined, { rewrite: app() });
      const subject = applierOf(on);
      const wanted = edit([server('app-1')]);
      await subject.persist(await subject.read(never), [wanted], never);
      const port = await occupied();

      await humanBreaks(on, port.port);
      await port.free();

      expect(on.text()).not.toContain('app-1');
      const after = await subject.read(never);
      expect(wanted.remaining(after)).not.toBeNull();
      await subject.persist(after, [wanted], never);
      expect(on.text()).toContain('app-1');
      expect(on.text()).not.toContain(`:${port.port}`);
    },
  );

  it(
    'a line over 64 KiB, and all behind it, is lost: F7. Ours is refused before',
    oldInAll,
    async () => {
      const on = await suite.given(undefined, { rewrite: app() });
      const subject = applierOf(on);
      const before = await subject.read(never);
      const words = ['sni', `str(${'x'.repeat(66_000)})`];

      await expect(
        subject.persist(before, [edit([server('app-1')], words)], never),
      ).rejects.toMatchObject({ code: 'SECTION_UNMODELLED', retryable: false });
      expect((await subject.read(never)).text).toBe(before.text);

      const long = `${before.text}backend lost\n  # ${'x'.repeat(66_000)}\n  balance first\n`;
      const query = `version=${before.version}`;
      const checked = await on.human(
        'POST',
        `/configuration/raw?${query}&only_validate=true`,
        long,
      );
      const posted = await on.human('POST', `/configuration/raw?${query}&skip_reload=true`, long);
      expect([checked.status, posted.status]).toEqual([202, 201]);
      expect(on.text()).not.toContain('balance first');
    },
  );

  it(
    'a check takes any version: F8. A write of ours on a file that has changed begins anew',
    oldInAll,
    async () => {
      const on = await suite.given(undefined, { rewrite: app() });
      const subject = applierOf(on);
      const base = await subject.read(never);
      const only = '/configuration/raw?version=4711&only_validate=true';
      expect((await on.human('POST', only, base.text)).status).toBe(202);
      const line = { name: 'theirs', address: '127.0.0.1', port: 84 };
      await on.human('POST', `${pathOf(on)}version=${await version(on)}`, line);

      await subject.persist(base, [edit([server('app-1')])], never);

      expect(on.text()).toMatch(/server theirs 127\.0\.0\.1:84\n {2}server app-1 /);
    },
  );

  it('a guarded line loses its guard: F14. Ours is not written there', oldInAll, async () => {
    const on = await suite.given(undefined, { rewrite: app(inCondition) });
    const subject = applierOf(on);
    const before = on.text();

    await expect(
      subject.persist(await subject.read(never), [edit([server('app-1')])], never),
    ).rejects.toMatchObject({ code: 'SECTION_UNMODELLED' });
    expect(on.text()).toBe(before);

    const line = { name: 'theirs', address: '127.0.0.1', port: 84 };
    await on.human('POST', `${pathOf(on)}version=${await version(on)}`, line);
    expect(on.text()).not.toContain(inCondition);
  });

  it('what a server is read from survives that the API writes it, and so does the mark of ours', async () => {
    const on = await suite.given(undefined, { rewrite: app() });
    const subject = applierOf(on);
    const servers = [
      server('app-1', { address: 'fd00::1', weight: 256 }),
      server('app-2', { state: 'maint' }),
      server('app-3', { state: 'drain' }),
    ];
    const params = ['check', 'rise', '3', 'sni', 'str(a)', 'cookie', 'a#b'];
    const wanted = edit(servers, params);
    await subject.persist(await subject.read(never), [wanted], never);
    expect(wanted.remaining(await subject.read(never))).toBeNull();
    const text = on.text().replace(/(server app-1 .*)\n/, '$1 # ours\n');
    const raw = `/configuration/raw?version=${await version(on)}&skip_reload=true`;
    await on.human('POST', raw, text);

    // PUT makes the line anew from what the API has read.
    const { json } = await on.human('GET', `${pathOf(on, '/app-1')}x=`);
    const query = `version=${await version(on)}&force_reload=true`;
    const put = await on.human('PUT', `${pathOf(on, '/app-1')}${query}`, json);

    expect(put.status).toBeLessThan(300);
    // Which is why the mark is the id, and no comment.
    expect(on.text()).not.toContain('# ours');
    expect(wanted.remaining(await subject.read(never))).toBeNull();
  });
});

forEachDataplane('an address that is none', (suite) => {
  it('is taken by HAProxy for a name that never resolves: F11. Ours is left out', async () => {
    const on = await suite.given(undefined, { rewrite: app() });
    const answer = await on.ask('add server be_app/x 999.1.1.1:80');
    expect(answer).toContain('New server registered');
    expect(await serverIn(on, 'x')).toMatchObject({ address: null });

    const subject = applierOf(on);
    const bad = server('app-1', { address: '999.1.1.1' });
    expect(edit([bad]).remaining(await subject.read(never))).toBeNull();
  });
});
