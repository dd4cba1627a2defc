import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import { defaultPorts, type Replica } from '../../rig/replica.ts';
import { testReplica } from '../../rig/test-replica.ts';

const example = new URL('../../../examples/deployment/haproxy.cfg', import.meta.url);

const variants = [
  { name: 'v3, HAProxy 3.4', dataplane: programs.dataplaneV3, haproxy: programs.haproxy34 },
  { name: 'v3, HAProxy 2.6', dataplane: programs.dataplaneV3, haproxy: programs.haproxy },
  { name: 'v2, HAProxy 3.0', dataplane: programs.dataplaneV2, haproxy: programs.haproxy30 },
] as const;

/** The example's own haproxy.cfg, at an address of the test. */
function useExample({ directory, address, adminSocket }: Replica): void {
  const text = readFileSync(example, 'utf8')
    .replace(/^( +bind) .*/m, `$1 ${address}:${defaultPorts.web}`)
    .replace(/^( +stats socket) \S+/m, `$1 ${adminSocket}`);
  writeFileSync(join(directory, 'template.cfg'), text);
}

/** What HAProxy warns of, but for the farewell of an old worker, which every reload has, and a test that is run as root. */
function warningsOf(replica: Replica): readonly string[] {
  const lines = replica.log().split('\n');
  return lines.filter(
    (line) =>
      /\[(WARNING|ALERT)\]/.test(line) &&
      !/: (Proxy \S+ stopped|Former worker) |was started as (the )?root /.test(line),
  );
}

function etcText(replica: Replica, file: string): string {
  return readFileSync(join(dirname(replica.configFile), file), 'utf8');
}

for (const { name, dataplane = '', haproxy = '' } of variants) {
  const missing = missingOf({ HAProxy: haproxy, 'Data Plane API': dataplane });
  describe(`a default install with Data Plane API ${name}`, unless(missing), () => {
    it('has no WARNING of HAProxy, from its start until a sibling has joined and a reload is over', async () => {
      const network = ownNetwork();
      const file = membersFile(join(testFolder(), 'members.json'));
      const setting = { haproxy, dataplane, sourceFlags: file.sourceFlags };
      const [first, second] = [
        testReplica(setting, 'web-1', `${network}.1`),
        testReplica(setting, 'web-2', `${network}.2`),
      ];
      for (const replica of [first, second]) useExample(replica);
      file.set(first);
      await first.init();
      await first.start();
      await allReady([first]);

      file.set(first, second);
      await second.init();
      await second.start();

      await allReady([first, second]);
      await eventually(async () => (await first.reloads()) === 1);
      const states = await Promise.all([first.peers(), second.peers()]);
      expect(states.map((state) => state?.peers.length)).toEqual([2, 2]);
      for (const replica of [first, second]) {
        expect(warningsOf(replica)).toEqual([]);
        expect(replica.log()).not.toContain('HAProxy warns of the configuration');
        // A hash in haproxy.cfg is one that HAProxy 3.4 measures, and warns of where a machine is slow.
        expect(etcText(replica, 'haproxy.cfg')).not.toMatch(/^ *userlist|\$6\$/m);
        expect(etcText(replica, 'dataplaneapi/users.cfg')).toContain('$6$');
      }
    }, 60_000);
  });
}
