import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { startProgram } from '../../helpers/run-cli.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';
import { type MembersFile, membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import { createReplica, type Replica } from '../../rig/replica.ts';

const binary = programs.haproxy34 ?? programs.haproxy30 ?? programs.haproxy;
const finding = z.object({ check: z.string(), level: z.string(), what: z.string() });

describe('doctor --mode relay', unless(missingOf({ HAProxy: binary })), () => {
  const network = ownNetwork();
  const directory = suiteFolder();
  const relayKey = () => join(directory, 'key');
  let members: MembersFile;
  let all: readonly Replica[];

  beforeAll(async () => {
    members = membersFile(join(directory, 'members.json'));
    writeFileSync(relayKey(), randomBytes(32).toString('base64'), { mode: 0o600 });
    const setting = { haproxy: binary ?? '', dataplane: null, directory, relayKey: relayKey() };
    all = ['web-0', 'web-1'].map((name, index) =>
      createReplica(
        { ...setting, sourceFlags: members.sourceFlags },
        name,
        `${network}.${index + 1}`,
      ),
    );
    members.set(...all);
    await Promise.all(all.map((each) => each.init()));
    await Promise.all(all.map((each) => each.start()));
    await allReady(all);
  }, 60_000);
  afterAll(async () => {
    await Promise.all((all ?? []).map((each) => each.kill()));
  });

  /** At the first replica. */
  async function doctor(...flags: readonly string[]) {
    const [own] = all;
    if (own === undefined) throw new Error('no replica');
    const { text, exitCode } = await startProgram([
      ...['doctor', '--json', '--mode=relay', '--pod-name=web-0', '--pod-uid=uid-of-web-0'],
      ...[`--pod-ip=${own.address}`, `--relay-key-file=${relayKey()}`, ...members.sourceFlags],
      `--haproxy-config=${own.configFile}`,
      `--admin-socket=${own.adminSocket}`,
      `--master-socket=${own.masterSocket}`,
      ...flags,
    ]).ended;
    const found = z.array(finding).parse(JSON.parse(text));
    return { exitCode, found, failures: found.filter(({ level }) => level === 'failure') };
  }

  it('looks at section, socket, key, port and sessions, and at no Data Plane API', async () => {
    const { exitCode, found, failures } = await doctor();

    expect(failures).toEqual([]);
    expect(exitCode).toBe(0);
    const wanted = ['localpeer', 'sharing', 'relay-section', 'relay-bind', 'relay-key'];
    for (const check of [...wanted, 'relay-port', 'resync', 'tables'])
      expect(found).toContainEqual(expect.objectContaining({ check, level: 'ok' }));
    const ofReload = /^(dataplane.*|password|userlist|section|loaded|own-port|peers-.*)$/;
    expect(found.filter(({ check }) => ofReload.test(check))).toEqual([]);
  });

  it('ends no session of a slot, and no link', async () => {
    const sessions = async () =>
      (await all[0]?.peers())?.peers
        .filter(({ established }) => established)
        .map(({ name, sessionSeconds }) => ({ name, isOld: (sessionSeconds ?? 0) >= 2 }));
    await eventually(async () => (await sessions())?.some(({ isOld }) => isOld) === true);

    await doctor();

    expect(await sessions()).toEqual([{ name: 's1', isOld: true }]);
  });

  it.each([
    ['no key', 'relay-key', ['--relay-key-file=/nowhere/key']],
    ['a sidecar on another port', 'relay-port', ['--relay-port=1']],
    ['another section', 'relay-section', ['--peers-section=other']],
  ] as const)('names %s', async (_, check, flags) => {
    const { exitCode, failures } = await doctor(...flags);

    expect(failures.map((each) => each.check)).toContain(check);
    expect(exitCode).toBe(1);
  });

  it('names a replica whose HAProxy runs and whose sidecar does not', async () => {
    await all[1]?.killSidecar();

    const { found } = await doctor();

    expect(found).toContainEqual({
      check: 'relay-port',
      level: 'warning',
      what: expect.stringContaining('of web-1'),
    });
  });
});
