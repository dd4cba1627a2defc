import { describe, expect, it } from 'vitest';
import type { RunningServer } from '../../../../../src/haproxy/servers-state.ts';
import { firstId } from '../../../../../src/modules/backends/endpoints/server-id.ts';
import { createKeeper } from '../../../../../src/modules/backends/runtime/keeper.ts';
import type { WantedServer } from '../../../../../src/modules/backends/server.ts';

const signal = new AbortController().signal;
const facts = { params: [], balance: null, refuses: null };

function wanted(name: string): WantedServer {
  return { name, id: firstId(name), address: '10.0.0.1', port: 80, weight: 1, state: 'up' };
}

/** A fake, for replies that a real HAProxy does not give on demand: it carries out what it is told, and answers with `replies`. */
function fakeHaproxy(replies: (line: string) => string | undefined) {
  const servers = new Map<string, RunningServer>();
  const told: string[] = [];
  function act(line: string): void {
    const name = /be_app\/(\S+)/.exec(line)?.[1] ?? '';
    const now = servers.get(name);
    const rest = { checkIsOff: false, forSeconds: 0, weight: 1, address: '10.0.0.1', port: 80 };
    if (line.startsWith('add'))
      servers.set(name, { name, id: firstId(name), inMaintenance: true, ...rest });
    else if (line.startsWith('enable') && now) servers.set(name, { ...now, inMaintenance: false });
    else if (line.endsWith('maint') && now)
      servers.set(name, { ...now, inMaintenance: true, forSeconds: 90 });
    else if (line.startsWith('del')) servers.delete(name);
  }
  const keeper = createKeeper({
    backend: 'be_app',
    settings: { dynamic: 'auto', onEmpty: 'maint', deleteAfterMs: 60_000, drainLimitMs: 0 },
    read: async () => [...servers.values()],
    async tell(lines) {
      told.push(...lines);
      return lines.map((line) => {
        const reply = replies(line);
        if (!/still|no room|No such/.test(reply ?? '')) act(line);
        return reply;
      });
    },
    onStep() {},
    now: () => 0,
  });
  return {
    servers,
    told,
    pass: (...all: WantedServer[]) => keeper.pass(all, facts, [3, 4, 0], signal),
  };
}

const well = (line: string) =>
  line.startsWith('add')
    ? 'New server registered.'
    : line.startsWith('del')
      ? 'Server deleted.'
      : '';

describe('a backend', () => {
  it('is read back after it was told, and told nothing when it is in step', async () => {
    const haproxy = fakeHaproxy(well);

    expect(await haproxy.pass(wanted('a'))).toMatchObject({
      serves: true,
      changes: 2,
      wakeMs: null,
    });
    haproxy.told.length = 0;
    expect(await haproxy.pass(wanted('a'))).toMatchObject({ serves: true, changes: 0 });
    expect(haproxy.told).toEqual([]);
  });

  it('is in step although the replies were cut off, because what it has counts', async () => {
    const haproxy = fakeHaproxy((line) => (line.startsWith('enable') ? undefined : well(line)));

    expect(await haproxy.pass(wanted('a'))).toMatchObject({ serves: true, holds: [] });
    haproxy.told.length = 0;
    await haproxy.pass(wanted('a'));
    expect(haproxy.told).toEqual([]);
  });

  it('has back what somebody else has deleted or put into maintenance', async () => {
    const haproxy = fakeHaproxy(well);
    await haproxy.pass(wanted('a'), wanted('b'));
    haproxy.servers.delete('a');
    const b = haproxy.servers.get('b');
    if (b !== undefined) haproxy.servers.set('b', { ...b, inMaintenance: true });

    await haproxy.pass(wanted('a'), wanted('b'));

    expect(
      [...haproxy.servers.values()].map(({ name, inMaintenance }) => [name, inMaintenance]),
    ).toEqual([
      ['b', false],
      ['a', false],
    ]);
  });

  it('keeps a server that still has connections, asks again later, and says nothing of it', async () => {
    let still = true;
    const haproxy = fakeHaproxy((line) =>
      still && line.startsWith('del') ? 'still has connections' : well(line),
    );
    await haproxy.pass(wanted('a'), wanted('b'));

    expect(await haproxy.pass(wanted('a'))).toMatchObject({ holds: [], wakeMs: 1000 });
    expect(haproxy.servers.has('b')).toBe(true);
    expect(haproxy.told.filter((line) => line.startsWith('del'))).toHaveLength(1);
    still = false;
  });

  it('says the reason of the first command of a server, and not what follows from it', async () => {
    const haproxy = fakeHaproxy((line) => (line.startsWith('add') ? 'no room' : 'No such server.'));
    const { holds } = await haproxy.pass(wanted('a'), wanted('b'));

    expect(holds).toEqual(['HAProxy refuses a: no room']);
  });
});
