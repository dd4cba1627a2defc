import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Link } from '../../../src/modules/relay/links/link.ts';
import { endChild } from '../../helpers/child.ts';
import { eventually } from '../../helpers/eventually.ts';
import { key, type LinkFleet, linkFleet, pour, type Sidecar } from '../../helpers/links.ts';
import { membership } from '../../helpers/members.ts';
import { startTcpCut } from '../../helpers/tcp-cut.ts';

let fleet: LinkFleet;
let child: ChildProcess | undefined;
afterEach(async () => {
  child?.kill('SIGCONT');
  await endChild(child, 'SIGKILL');
  child = undefined;
  await fleet.close();
});

async function linkedPair(options = {}): Promise<readonly [Sidecar, Sidecar, Link, Link]> {
  fleet = await linkFleet(2);
  const a = await fleet.start('s0', options);
  const b = await fleet.start('s1', options);
  return eventually(() => {
    const [here, there] = [a.link('s1'), b.link('s0')];
    return here && there ? ([a, b, here, there] as const) : false;
  });
}

/** Milliseconds until it is so. */
async function timeUntil(probe: () => boolean): Promise<number> {
  const began = performance.now();
  await eventually(probe, { intervalMs: 10 });
  return performance.now() - began;
}

/** `s2` in a process of its own. What it has printed last. */
function startChild(): () => string {
  const members = membership(...fleet.members());
  const [, , third] = fleet.members();
  const own = { version: 1, section: 'peers', pod: 's2', uid: third?.uid, start: `c${Date.now()}` };
  const options = { own, port: fleet.port, host: third?.address, membership: members };
  const file = join(import.meta.dirname, 'link-child.ts');
  const args = [file, JSON.stringify({ ...options, key: key.toString() })];
  child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = '';
  child.stdout?.on('data', (text: Buffer) => {
    last = text.toString().trim().split('\n').at(-1) ?? '';
  });
  return () => last;
}

describe('a process that', () => {
  it('stands still is found in 3 s, and the others go on; when it goes on it is linked again', async () => {
    fleet = await linkFleet(3);
    const [a, b] = await Promise.all([fleet.start('s0'), fleet.start('s1')]);
    const seen = startChild();
    await eventually(() => expect([a.linked(), seen()]).toEqual([['s1', 's2'], '["s0","s1"]']));
    child?.kill('SIGSTOP');
    const foundMs = await timeUntil(() => a.links.links().length === 1);
    expect(foundMs).toBeLessThan(3500);
    expect(a.links.counters.ended).toEqual({ silent: 1 });
    expect(a.link('s1')).toBe(a.all.find(({ other }) => other.pod === 's1'));
    expect(b.all.filter(({ other }) => other.pod === 's0')).toHaveLength(1);
    child?.kill('SIGCONT');

    await eventually(() =>
      expect([a.linked(), b.linked()]).toEqual([
        ['s1', 's2'],
        ['s0', 's2'],
      ]),
    );
  });

  it('is killed and started anew is linked again at once, as another start', async () => {
    fleet = await linkFleet(3);
    const a = await fleet.start('s0');
    startChild();
    const before = await eventually(() => a.link('s2') ?? false);
    await endChild(child, 'SIGKILL');
    expect(await before.closed).toMatch(/closed the connection|broke/);
    startChild();
    const now = await eventually(() => a.link('s2') ?? false);

    expect(now.other.uid).toBe(before.other.uid);
    expect(now.other.start).not.toBe(before.other.start);
  });
});

describe('a link', () => {
  it('that one side closes is closed on the other with the reason, and there is another one', async () => {
    const [a, b, here, there] = await linkedPair();
    here.close('HAProxy has gone');
    expect(await here.closed).toBe('HAProxy has gone');
    expect(await there.closed).toBe('the other side says: HAProxy has gone');
    await eventually(() => expect([a.all.length, b.all.length]).toEqual([2, 2]));

    expect(a.link('s1')).toBe(a.all[1]);
    expect(here.write(Buffer.from('x'))).toBe(false);
  });

  it('that is cut off in both directions is given up in 3 s, and made anew once that is healed', async () => {
    fleet = await linkFleet(2);
    const cut = await startTcpCut(
      fleet.port,
      fleet.members()[1]?.address,
      fleet.members()[0]?.address,
    );
    const a = await fleet.start('s0', { portOf: () => cut.port });
    const b = await fleet.start('s1', { portOf: () => 1 });
    await eventually(() => expect([a.linked(), b.linked()]).toEqual([['s1'], ['s0']]));
    cut.freeze();
    expect(await timeUntil(() => a.linked().length + b.linked().length === 0)).toBeLessThan(3500);
    cut.heal();

    await eventually(() => expect([a.linked(), b.linked()]).toEqual([['s1'], ['s0']]));
    await cut.close();
  });

  it.each(['there', 'back'] as const)(
    'that is cut in one direction (%s) is given up by both',
    async (way) => {
      fleet = await linkFleet(2);
      const cut = await startTcpCut(
        fleet.port,
        fleet.members()[1]?.address,
        fleet.members()[0]?.address,
      );
      const a = await fleet.start('s0', { portOf: () => cut.port });
      const b = await fleet.start('s1', { portOf: () => 1 });
      await eventually(() => expect([a.linked(), b.linked()]).toEqual([['s1'], ['s0']]));
      cut.freeze(way);
      expect(await timeUntil(() => a.linked().length + b.linked().length === 0)).toBeLessThan(6500);
      cut.heal();

      await eventually(() => expect([a.linked(), b.linked()]).toEqual([['s1'], ['s0']]));
      await cut.close();
    },
  );

  it('whose reader does not read takes little memory, is not given up, and gives everything later', async () => {
    const [a, , here, there] = await linkedPair();
    const chunk = Buffer.alloc(65_536, 7);
    let poured = 0;
    function* chunks(): Iterable<Buffer> {
      for (; poured < 4000; poured++) yield chunk;
    }
    let got = 0;
    there.onData((data) => {
      got += data.length;
    });
    there.pause();
    const before = process.memoryUsage.rss();
    const all = pour(here, chunks());
    const began = performance.now();
    await eventually(() => performance.now() - began > 5000);
    expect(poured).toBeLessThan(400);
    expect(process.memoryUsage.rss() - before).toBeLessThan(60 * 1024 * 1024);
    expect(a.link('s1')).toBe(here);
    there.resume();
    await all;

    await eventually(() => expect(got).toBe(4000 * 65_536));
  });

  it('that is written to without regard is closed, before it fills the memory', async () => {
    const [, , here, there] = await linkedPair();
    there.pause();
    const chunk = Buffer.alloc(65_536);
    for (let count = 0; count < 1000; count++) here.write(chunk);

    expect(await here.closed).toMatch(/^\d{7} bytes wait to be sent$/);
    await there.closed;
  });
});

it('thirty sidecars that start at once have one link each pair, and no more', {
  timeout: 150_000,
}, async () => {
  fleet = await linkFleet(30);
  const names = fleet.members().map(({ name }) => name);
  const all = await Promise.all(names.map((name) => fleet.start(name)));
  // 870 handshakes with both their sides in this one process.
  await eventually(
    () => {
      for (const each of all)
        expect(each.linked()).toEqual(names.filter((name) => name !== each.name).toSorted());
    },
    { timeoutMs: 120_000, intervalMs: 200 },
  );

  expect(all.map((each) => each.all.length)).toEqual(names.map(() => names.length - 1));
});
