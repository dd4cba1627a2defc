import { describe, expect, it } from 'vitest';
import type { Member } from '../../../../src/model/member.ts';
import type { Leg } from '../../../../src/modules/relay/legs/open-leg.ts';
import type { View } from '../../../../src/modules/relay/pairing/view.ts';
import { slotNames } from '../../../../src/modules/relay/section/slots.ts';
import { createSessions } from '../../../../src/modules/relay/sessions.ts';
import { capturedLog } from '../../../helpers/captured-log.ts';
import { eventually } from '../../../helpers/eventually.ts';
import { memoryLinks } from '../../../helpers/memory-link.ts';
import { noDifferences } from '../../../helpers/no-differences.ts';

const view: View = { worker: 'w', learned: true, fresh: false, entries: 1 };

/** The peers port of a HAProxy, as far as slots go: what two legs on one slot at a time would break is noticed. */
function fakeHaproxy() {
  const used = new Map<string, number>();
  const resets: string[] = [];
  const problems: string[] = [];

  async function open({ slot }: { readonly slot: string }) {
    if ((used.get(slot) ?? 0) > 0) problems.push(`two legs on ${slot}`);
    used.set(slot, (used.get(slot) ?? 0) + 1);
    let end: (why: string) => void = () => {};
    const closed = new Promise<string>((resolve) => {
      end = resolve;
    });
    void closed.then(() => used.set(slot, (used.get(slot) ?? 1) - 1));
    const nothing = () => {};
    const leg: Leg = {
      ...{ slot, write: () => true, onDrain: nothing, onData: nothing, pause: nothing },
      ...{ resume: nothing, finishWriting: nothing, closed, close: () => end('closed') },
      ended: closed.then((why) => ({ why, code: undefined, connected: true })),
    };
    return { kind: 'up' as const, leg };
  }

  return {
    legs: {
      open,
      async drain() {
        return null;
      },
      async reset({ slot }: { readonly slot: string }) {
        resets.push(slot);
        return true;
      },
    },
    resets,
    problems,
    live: () => [...used.values()].reduce((sum, each) => sum + each, 0),
  };
}

/** Sidecars whose HAProxy has so many slots, each linked with each. */
function fleetOf(slots: number) {
  const links = memoryLinks();
  const running = new Map<string, ReturnType<typeof start>>();

  function start(name: string) {
    const haproxy = fakeHaproxy();
    const full: string[] = [];
    const { log, lines } = capturedLog();
    const nothing = () => {};
    const sessions = createSessions({
      ...{ uid: `uid-${name}`, log, now: () => performance.now(), onChange: nothing },
      haproxy: { at: { path: '/nowhere' }, local: 'self', slots: slotNames(slots), tables: 1 },
      differences: noDifferences,
      legs: haproxy.legs,
      splice: () => ({ stop: nothing }),
      on: { lesson: nothing, linked: nothing, parted: nothing, full: (pod) => void full.push(pod) },
    });
    // It starts while the sidecar runs, so its slots are known to be fresh.
    sessions.setView(null);
    sessions.setView(view);
    return { name, sessions, haproxy, full, lines };
  }

  function tell(): void {
    const members: Member[] = [...running.keys()].map((name) => ({
      ...{ name, uid: `uid-${name}`, address: '10.0.0.1', terminating: false },
    }));
    for (const { sessions } of running.values()) sessions.setMembers(members);
  }

  return {
    running,
    join(...names: readonly string[]) {
      for (const name of names) {
        const one = start(name);
        for (const other of running.values()) {
          const [left, right] = links.make(one.name, other.name);
          one.sessions.linked(left);
          other.sessions.linked(right);
        }
        running.set(name, one);
      }
      tell();
    },
    async leave(...names: readonly string[]) {
      for (const name of names) {
        const one = running.get(name);
        running.delete(name);
        links.cut(name);
        await one?.sessions.stop();
      }
      tell();
    },
    paired: () =>
      [...running.values()].map(
        ({ sessions }) => sessions.siblings().filter(({ paired }) => paired).length,
      ),
    problems: () => [...running.values()].flatMap(({ haproxy }) => haproxy.problems),
    async stop() {
      await Promise.all([...running.values()].map(({ sessions }) => sessions.stop()));
    },
  };
}

const named = (count: number, prefix = 'p') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const patient = { timeoutMs: 20_000 };

describe('many replicas', () => {
  it('come and go: 3, 30 and 3 again, each with one session with each, and no leg is left', async () => {
    const fleet = fleetOf(64);
    for (const [turn, prefix] of ['x', 'y'].entries()) {
      if (turn === 0) fleet.join(...named(3));
      fleet.join(...named(27, prefix));
      await eventually(() => expect(fleet.paired()).toEqual(Array(30).fill(29)), patient);
      await fleet.leave(...named(27, prefix));
      await eventually(() => expect(fleet.paired()).toEqual([2, 2, 2]), patient);
    }

    expect(fleet.problems()).toEqual([]);
    for (const { haproxy, sessions, full } of fleet.running.values()) {
      await eventually(() => expect(haproxy.live()).toBe(2));
      expect(sessions.siblings()).toHaveLength(2);
      expect(full).toEqual([]);
      // 2, 27 and 27 pods had 56 of 64 slots: none was used twice.
      expect(haproxy.resets).toEqual([]);
    }
    await fleet.stop();
  });

  it('one more than there are slots is refused by the ones that are full, and told once; it gets the place of who leaves', async () => {
    const slots = 64;
    const fleet = fleetOf(slots);
    fleet.join('hub', ...named(slots));
    const hub = fleet.running.get('hub');
    if (hub === undefined) throw new Error('no hub');
    const count = () => hub.sessions.siblings().filter(({ paired }) => paired).length;
    await eventually(() => expect(count()).toBe(slots), patient);

    fleet.join('late');
    await eventually(() => expect(hub.full.length).toBeGreaterThan(3), patient);
    expect(new Set(hub.full)).toEqual(new Set(['late']));
    expect(hub.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { pod: 'late', slots },
    ]);
    expect(count()).toBe(slots);

    await fleet.leave('p7');
    await eventually(
      () => expect(hub.sessions.siblings().find(({ name }) => name === 'late')?.paired).toBe(true),
      patient,
    );
    // What p7 had confirmed there is not what the late one has.
    expect(hub.haproxy.resets).toEqual([
      hub.sessions.siblings().find(({ name }) => name === 'late')?.slot,
    ]);
    expect(fleet.problems()).toEqual([]);
    await fleet.stop();
  });
});
