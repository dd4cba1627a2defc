import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCa, mountSecret } from '../../helpers/certificates.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { membersFile } from '../../rig/members-file.ts';
import { allKept, createModeRolls, type Mode, raise, type Steps } from '../../rig/mode-rolls.ts';
import { ownNetwork } from '../../rig/network.ts';
import { writeRelayKey } from '../../rig/relay-key.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

const filled = 5000;
const verifyHost = '--peers-tls-verify-host=haproxy-peers';

/** Replicas of either mode, each with a certificate of its own, with which those in reload mode speak TLS to each other. */
function certified(haproxy: string, network: string) {
  const folder = testFolder();
  const members = membersFile(join(folder, 'members.json'));
  const relayKey = writeRelayKey(folder);
  const ca = createCa(folder);
  let last = 0;

  function make(
    mode: Mode,
    name: string,
    { number, flags = [] }: { readonly number?: number; readonly flags?: readonly string[] } = {},
  ): Replica {
    last += 1;
    const uid = `uid-of-${name}-${last}`;
    const secret = mountSecret(join(folder, `secret-${last}`), ca.issue());
    const tls = [...secret.flags, verifyHost, ...flags];
    const ofMode =
      mode === 'relay'
        ? { ...{ relayKey, podUid: () => uid }, flags: [...tls, '--relay-upgrade'] }
        : { ownSource: true, flags: tls };
    return testReplica(
      {
        ...{ haproxy, dataplane: null, sourceFlags: members.sourceFlags },
        ...{ ...ofMode, initFlags: ofMode.flags },
      },
      name,
      `${network}.${number ?? last}`,
    );
  }

  async function start(...all: readonly Replica[]): Promise<Replica[]> {
    members.set(...all);
    await raise(...all);
    const [first] = all;
    if (first === undefined) throw new Error('no replica');
    await fillTable(first, filled);
    await allKept(all, filled);
    return [...all];
  }

  return { members, make, start };
}

/** Why who connected was refused; a worker that ends in the middle of a handshake is not. */
const refusals = (all: readonly Replica[]) =>
  all.flatMap((each) =>
    each
      .log()
      .split('\n')
      .filter((line) => line.includes('a session with a pod in reload mode was refused'))
      .filter((line) => !line.includes('closed during the handshake')),
  );

const to = (mode: Mode, ...names: readonly string[]): Steps =>
  names.map((name) => [mode, name] as const);

for (const [title, haproxy] of haproxyVersions) {
  const network = ownNetwork();
  describe(`replicas that change the mode and have --peers-tls, HAProxy ${title}`, {
    ...unless(missingOf({ [title]: haproxy }) ?? (title === '3.4' ? undefined : onlyInAll)),
    timeout: 180_000,
  }, () => {
    it('are one set in the middle, and on the way back', async () => {
      const { members, make, start } = certified(haproxy ?? '', network);
      const now = await start(make('reload', 'a'));
      const rolls = createModeRolls({ replica: make, setMembers: (...all) => members.set(...all) });
      const relay = make('relay', 'n');
      members.set(...now, relay);
      await raise(relay);
      now.unshift(relay);
      await allKept(now, filled);
      const acks = await rolls.rollUnderWrites(now, () => to('reload', 'r'));
      await allKept(now, filled);
      expect(await rolls.lost(now, acks)).toEqual([]);
      expect(refusals([relay])).toEqual([]);
    });

    it('are one set there, back from the middle, and back', unless(onlyInAll), async () => {
      const { members, make, start } = certified(haproxy ?? '', network);
      const now = await start(make('reload', 'a'), make('reload', 'b'), make('reload', 'c'));
      const rolls = createModeRolls({ replica: make, setMembers: (...all) => members.set(...all) });
      const acks = await rolls.rollUnderWrites(
        now,
        () => to('relay', 'n1'),
        () => {
          // The one of the new revision is ended.
          now.reverse();
          return to('reload', 'r1');
        },
        () => to('relay', 'n2', 'n3', 'n4'),
      );
      await allKept(now, filled);
      expect(await rolls.lost(now, acks)).toEqual([]);
      expect(await Promise.all(now.map((each) => each.reloads()))).toEqual([0, 0, 0]);
      expect(refusals(now)).toEqual([]);
      const back = await rolls.rollUnderWrites(now, () => to('reload', 'o1', 'o2', 'o3'));
      await allKept(now, filled);
      expect(await rolls.lost(now, back)).toEqual([]);
    });

    it(
      'of a DaemonSet: names and addresses of nodes, which the next pod has as well',
      unless(onlyInAll),
      async () => {
        const { members, make, start } = certified(haproxy ?? '', network);
        const nodes = ['node-1', 'node-2', 'node-3'] as const;
        let pods = 0;
        const pod = (mode: Mode, index: number) => {
          pods += 1;
          const name = nodes[index] ?? '';
          const address = `${network}.${200 + index}`;
          const ofNode = [`--node-name=${name}`, `--host-ip=${address}`];
          const flags = [`--pod-name=haproxy-${pods}`, '--peer-names=node', ...ofNode];
          return make(mode, name, { number: 200 + index, flags });
        };
        const now = await start(...nodes.map((_, index) => pod('reload', index)));
        for (const mode of ['relay', 'reload'] as const) {
          for (const index of nodes.keys()) {
            await now[index]?.stop();
            members.set(...now.filter((_, other) => other !== index));
            const next = pod(mode, index);
            now[index] = next;
            members.set(...now);
            await raise(next);
            await allKept([next], filled);
          }
          await allKept(now, filled);
        }
      },
    );
  });
}
