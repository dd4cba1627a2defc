import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { programs } from '../../helpers/programs.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type MembersFile, membersFile } from '../../rig/members-file.ts';
import { ownNetwork } from '../../rig/network.ts';
import { allReady } from '../../rig/raise.ts';
import { createReplica, defaultPorts, type Replica, replicaTemplate } from '../../rig/replica.ts';
import { mounted } from './mounted.ts';

export const variants = [
  { name: 'Data Plane API v3', haproxy: programs.haproxy34, dataplane: programs.dataplaneV3 },
  { name: 'Data Plane API v2', haproxy: programs.haproxy30, dataplane: programs.dataplaneV2 },
  { name: 'direct, HAProxy 3.4', haproxy: programs.haproxy34, dataplane: null },
  { name: 'direct, HAProxy 2.6', haproxy: programs.haproxy, dataplane: null },
] as const;
export type Variant = (typeof variants)[number];

/** The replica's own template, which answers with a word of its own. */
export function template(address: string, word: string, more = ''): string {
  const text = replicaTemplate(address).replace(
    'status 200',
    `status 200 content-type text/plain string ${word}`,
  );
  return text + more;
}

export function told(replica: Replica, message: string): readonly Record<string, unknown>[] {
  return replica
    .log()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(`"msg":"${message}"`))
    .map((line) => JSON.parse(line));
}

/** A replica that follows its template, not started yet. */
export function follower(
  { haproxy, dataplane }: Pick<Variant, 'haproxy' | 'dataplane'>,
  file: MembersFile,
  { name, address }: { readonly name: string; readonly address: string },
  flags: readonly string[] = [],
) {
  const folder = testFolder();
  const mount = mounted(join(folder, 'mount'));
  const where = `--template=${mount.path('haproxy.cfg')}`;
  const replica = createReplica(
    {
      ...{ haproxy: haproxy ?? '', dataplane: dataplane ?? null, directory: folder },
      sourceFlags: file.sourceFlags,
      initFlags: [where],
      flags: [where, '--watch-template', ...flags],
    },
    name,
    address,
  );
  onTestFinished(async ({ task }) => {
    await replica.kill();
    if (task.result?.state === 'fail') console.log(replica.log());
  });
  const set = (word: string, more?: string) =>
    mount.set({ 'haproxy.cfg': template(address, word, more) });
  return { replica, mount, set };
}

/** One that runs, with a sibling that is a name only, and 20 entries in its table. */
export async function setUp(variant: Variant, flags: readonly string[] = []) {
  const network = ownNetwork();
  const address = `${network}.1`;
  const file = membersFile(join(testFolder(), 'members.json'));
  const own = { name: 'web-1', address };
  const all = ['--repair=false', ...flags];
  const { replica, mount, set } = follower(variant, file, own, all);
  const sibling = { name: 'web-2', address: `${network}.2` };
  set('one');
  file.set(replica, sibling);
  await replica.init();
  await replica.start();
  await allReady([replica]);
  const ask = async (query = '') =>
    (await fetch(`http://${address}:${defaultPorts.web}/${query}`)).text();
  for (let key = 0; key < 20; key += 1) await ask(`?session=k${key}`);
  await eventually(() => told(replica, 'peers section is in step').length > 0);
  const text = () => readFileSync(replica.configFile, 'utf8');
  return {
    ...{ replica, mount, set, file, sibling, ask, text, address, network },
    answers: (word: string) =>
      eventually(async () => (await ask()) === word, { timeoutMs: 20_000 }),
    /** Nothing is lost: entries and peers are those from before. */
    async keeps() {
      // A new worker answers before the old one has told it all.
      await eventually(async () => (await replica.entries()) === 20);
      const names = (await replica.peers())?.peers.map(({ name }) => name);
      expect(names?.toSorted()).toEqual(['web-1', 'web-2']);
    },
    metric: async (name: string) => {
      const body = await (await fetch(`http://${address}:${defaultPorts.probe}/metrics`)).text();
      return Number(new RegExp(`^haproxy_peer_sync_${name} (\\S+)`, 'm').exec(body)?.[1]);
    },
  };
}

export const refusal = 'template refused: what is in force stays';
