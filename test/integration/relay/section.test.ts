import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { geteuid, kill } from 'node:process';
import { afterEach, describe, expect, it } from 'vitest';
import { parseShowPeers } from '../../../src/haproxy/show-peers.ts';
import { validateConfig } from '../../../src/haproxy/validate.ts';
import { renderRelayCfg } from '../../../src/modules/relay/section/render.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/ports.ts';
import { programs } from '../../helpers/programs.ts';
import { relayInput } from '../../helpers/relay-input.ts';
import { missingOf, onlyEnds, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { type HaproxyStand, sectionName, startHaproxyStand } from '../../rig/haproxy-stand.ts';

const { haproxy, haproxy30, haproxy34 } = programs;
const versions = [
  ['2.6', haproxy],
  ['3.0', haproxy30],
  ['3.4', haproxy34],
] as const;

const stands: HaproxyStand[] = [];
afterEach(async () => {
  for (const stand of stands.splice(0)) await stand.stop();
});

/** What `init` makes of the templates on record, where it takes them. */
const rendered = readdirSync('test/golden/relay')
  .filter((file) => file.endsWith('.out.cfg'))
  .map((file) => [file, readFileSync(join('test/golden/relay', file), 'utf8')] as const)
  .filter(([, text]) => !text.startsWith('# refused'));

const examples = ['deployment', 'statefulset', 'daemonset', 'docker-compose'].map((name) => {
  const template = readFileSync(`examples/${name}/haproxy.cfg`, 'utf8');
  return [`examples/${name}`, renderRelayCfg(relayInput(template, { slots: 64 })).text] as const;
});

const entries = 2000;

async function fill({ ask }: HaproxyStand): Promise<void> {
  for (let from = 0; from < entries; from += 250) {
    const keys = Array.from({ length: 250 }, (_, index) => `key-${from + index}`);
    await ask(keys.map((key) => `set table sessions key ${key} data.gpc0 7`).join(';'));
  }
}

/** Who answers, and how many entries that worker has: one answer, so one process. */
async function worker({ ask }: HaproxyStand) {
  const text = await ask('show info;show table');
  return {
    pid: Number(/^Pid: (\d+)/m.exec(text)?.[1]),
    used: Number(/table: sessions,.* used:(\d+)/.exec(text)?.[1]),
  };
}

/** Until then a worker has nothing to hand over, whatever it holds. */
async function resynced({ ask }: HaproxyStand): Promise<void> {
  await eventually(async () => {
    const [state] = parseShowPeers(await ask('show peers'));
    return state !== undefined && state.resync !== 'pending' && state.resync !== 'unknown';
  });
}

async function start(binary: string, global: (directory: string) => string, slots = 64) {
  const port = await freePort();
  const stand = await startHaproxyStand({
    haproxy: binary,
    peers: ['peer "$POD_NAME" 127.0.0.1:PORT'],
    env: { POD_NAME: 'a' },
    rewrite(text) {
      const admin = /stats socket (\S+)/.exec(text)?.[1] ?? '';
      const template = text
        .replace('size 1k', 'size 4k')
        .replace('global\n', `global\n  ${global(dirname(admin))}\n`);
      return renderRelayCfg(relayInput(template, { slots, port, adminSocket: admin })).text;
    },
  });
  stands.push(stand);
  return stand;
}

const jail = (directory: string) => `chroot ${directory}`;
const nobody = () => 'user nobody';
const ways = [
  ['as it is', () => 'maxconn 200', undefined],
  ['with chroot', jail, geteuid?.() === 0 ? undefined : 'no root'],
  ['as another user', nobody, geteuid?.() === 0 ? undefined : 'no root'],
] as const;

describe.each(versions)('haproxy.cfg of relay mode, HAProxy %s', (version, binary) => {
  const missing = missingOf({ [`HAProxy ${version}`]: binary }) ?? onlyEnds(version);
  const program = binary ?? '';

  it.each([...rendered, ...examples])('%s is taken', unless(missing), async (_, text) => {
    const file = join(testFolder(), 'haproxy.cfg');
    writeFileSync(file, text);

    const warnings = await validateConfig(program, file);

    expect(warnings?.filter((line) => /peers|localpeer/.test(line))).toEqual([]);
  });

  for (const [way, global, noRoot] of ways)
    it(`${way} keeps every entry over a reload of its own`, unless(missing ?? noRoot), async () => {
      const stand = await start(program, global);
      await resynced(stand);
      await fill(stand);
      const before = await worker(stand);
      expect(before.used).toBe(entries);

      kill(stand.masterPid, 'SIGUSR2');

      await eventually(async () => {
        const { pid, used } = await worker(stand);
        return pid > 0 && pid !== before.pid && used === entries;
      });
    });

  it('connects to nobody with 512 slots, and says so in show peers', unless(missing), async () => {
    const stand = await start(program, () => 'maxconn 200', 512);
    await resynced(stand);

    const [state] = parseShowPeers(await stand.ask(`show peers ${sectionName}`));

    expect(state?.localName).toBe('self');
    expect(state?.peers.filter(({ local }) => !local)).toHaveLength(513);
    expect(state?.peers.filter(({ established }) => established)).toEqual([]);
    expect(state?.tables).toEqual(['sessions']);
  });
});
