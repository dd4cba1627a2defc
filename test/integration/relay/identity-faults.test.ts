import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eachHaproxy } from '../../helpers/each-haproxy.ts';
import { onlyInAll, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type MembersFile, membersFile } from '../../rig/members-file.ts';
import { allKept, createModeRolls, raise } from '../../rig/mode-rolls.ts';
import { ownNetwork } from '../../rig/network.ts';
import { writeRelayKey } from '../../rig/relay-key.ts';
import type { Replica } from '../../rig/replica.ts';
import { fillTable } from '../../rig/table.ts';
import { testReplica } from '../../rig/test-replica.ts';

/** The one of the suite that runs. */
let haproxy = '';
const network = ownNetwork();
const filled = 5000;

let members: MembersFile;
let relayKey: string;
let last = 0;
beforeEach(() => {
  members = membersFile(join(testFolder(), 'members.json'));
  relayKey = writeRelayKey(testFolder());
});

/** Another pod each time, with a uid of its own; `number`: the end of its address. */
function pod(name: string, number?: number): Replica {
  last += 1;
  const uid = `uid-${last}`;
  const setting = { haproxy: haproxy, dataplane: null, relayKey, podUid: () => uid };
  return testReplica(
    { ...setting, sourceFlags: members.sourceFlags },
    name,
    `${network}.${number ?? last}`,
  );
}

async function start(...all: readonly Replica[]): Promise<void> {
  members.set(...all);
  await raise(...all);
  const [first] = all;
  if (first === undefined) throw new Error('no replica');
  await fillTable(first, filled);
  await allKept(all, filled);
}

const warnings = (each: Replica) =>
  each
    .log()
    .split('\n')
    .filter((line) => line.includes('"level":"warn"') && /refused|stranger/.test(line));

for (const { title: version, program, options } of eachHaproxy)
  describe(`replicas in relay mode, known by name, uid, address and key, HAProxy ${version}`, {
    ...unless(onlyInAll),
    ...options,
  }, () => {
    beforeAll(() => {
      haproxy = program;
    });
    it('share all where an address is used again by another pod, and a name at another address', async () => {
      const [a, b] = [pod('a', 101), pod('b', 102)];
      await start(a, b);
      await b.kill();
      // The address of b; then the name of b, at an address that nobody had.
      for (const next of [pod('c', 102), pod('b', 103)]) {
        members.set(a, next);
        await raise(next);
        await allKept([a, next], filled);
        await next.kill();
      }
      const both = [pod('c', 103), pod('b', 102)];
      members.set(a, ...both);
      await raise(...both);
      await allKept([a, ...both], filled);
      expect(await a.reloads()).toBe(0);
    }, 120_000);

    it('lose nothing where the key is replaced while all of them are replaced', async () => {
      const first = readFileSync(relayKey, 'utf8');
      const second = randomBytes(32).toString('base64');
      const now = ['a', 'b'].map((name) => pod(name));
      await start(...now);
      const { rollUnderWrites, lost } = createModeRolls({
        replica: (_, name) => pod(name),
        setMembers: (...all) => members.set(...all),
      });
      const relay = (...names: readonly string[]) => names.map((name) => ['relay', name] as const);
      const put = (text: string) => writeFileSync(relayKey, `${text}\n`, { mode: 0o600 });

      const acks = await rollUnderWrites(
        now,
        () => relay('c'),
        () => {
          put(`${second}\n${first}`);
          return relay('d');
        },
        () => {
          put(second);
          return relay('e', 'f');
        },
      );
      await allKept(now, filled);
      expect(await lost(now, acks)).toEqual([]);
      expect(now.flatMap(warnings)).toEqual([]);
    }, 120_000);
  });
