import { describe, expect, it } from 'vitest';
import { reloadOverMaster } from '../../../src/haproxy/master.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, onlyEnds, unless } from '../../helpers/skip.ts';
import { type CrewMember, createCrew } from '../../rig/relay-crew.ts';
import { writeSteadily } from '../../rig/relay-writer.ts';

const patient = { timeoutMs: 20_000 };

/** All hold as many, at least so many; resolves with how many. */
function agree(crew: readonly CrewMember[], atLeast: number): Promise<number> {
  return eventually(async () => {
    const held = await Promise.all(crew.map(({ stand }) => stand.entries()));
    const [first = 0] = held;
    if (first < atLeast || held.some((count) => count !== first))
      throw new Error(`they hold ${held.join(', ')}, at least ${atLeast}`);
    return first;
  }, patient);
}

async function allHold(crew: readonly CrewMember[], entries: number): Promise<void> {
  expect(await agree(crew, entries)).toBe(entries);
}

const allReady = (crew: readonly CrewMember[]) =>
  eventually(() => crew.every(({ relay }) => relay.readiness().ready), patient);

for (const [title, haproxy] of haproxyVersions) {
  describe(
    `sessions between HAProxys over their sidecars, ${title}`,
    unless(missingOf({ [title]: haproxy }) ?? onlyEnds(title)),
    () => {
      const program = haproxy ?? '';

      it('three that start together are ready at once, and each gets what another writes', async () => {
        const crew = createCrew(program);
        const startedAt = Date.now();
        const all = await crew.join('a', 'b', 'c');
        await allReady(all);
        expect(Date.now() - startedAt).toBeLessThan(4500);
        for (const { name, stand } of all) await stand.write(`${name}-`, 500);
        await allHold(all, 1500);
      });

      it('one that comes learns all, and is ready only then', async () => {
        const crew = createCrew(program);
        const [a] = await crew.join('a');
        if (a === undefined) throw new Error('no a');
        await allReady([a]);
        await a.stand.write('early-', 20_000);
        const [b] = await crew.join('b');
        if (b === undefined) throw new Error('no b');
        await allReady([b]);
        expect(await b.stand.entries()).toBe(20_000);
        await b.stand.write('late-', 100);
        await allHold([a, b], 20_100);
      });

      it('pods come and go, and nothing is lost: not on slots that are used again', async () => {
        const crew = createCrew(program);
        const [a] = await crew.join('a');
        if (a === undefined) throw new Error('no a');
        let entries = 0;
        for (let turn = 0; turn < 10; turn += 1) {
          const name = `p${turn}`;
          const [one] = await crew.join(name);
          if (one === undefined) throw new Error(`no ${name}`);
          await allReady([one]);
          await one.stand.write(`${name}-`, 50);
          await a.stand.write(`a-${turn}-`, 50);
          entries += 100;
          await allHold([a, one], entries);
          await crew.leave(name);
        }
      });

      // What is acknowledged on a slot is not sent again, whoever has it now: relay facts R1.
      it.each([
        ['the same sidecar', 2],
        ['a sidecar that has started anew', 8],
      ])(
        'one on a slot that is used again gets what was acknowledged on it by another, with %s',
        async (title, slots) => {
          const crew = createCrew(program, { slots });
          const [b] = await crew.join('b');
          if (b === undefined) throw new Error('no b');
          await allReady([b]);
          for (const name of ['first', 'second']) {
            const [one] = await crew.join(name);
            if (one === undefined) throw new Error(`no ${name}`);
            await allReady([one]);
            await b.stand.write(`${name}-`, 50);
            await allHold([one], name === 'first' ? 50 : 100);
            await crew.leave(name);
          }
          if (title !== 'the same sidecar') await crew.restartSidecar('b');
          // It has learned, from one that holds nothing, before it meets the one with the entries.
          const [empty, late] = await crew.appear('empty', 'late');
          if (empty === undefined || late === undefined) throw new Error('none');
          crew.heal('empty', 'late');
          await eventually(() => late.stand.finished(), patient);
          crew.heal('b', 'late');
          await allHold([late], 100);
        },
      );

      it('a member that is away from what is known for a moment keeps its session and its slot', async () => {
        const crew = createCrew(program, { slots: 2 });
        const [a, b, c] = await crew.join('a', 'b', 'c');
        if (a === undefined || b === undefined || c === undefined) throw new Error('none');
        await allReady([a, b, c]);
        const before = a.relay.siblings();
        crew.tell('c');
        const [d] = await crew.appear('d');
        if (d === undefined) throw new Error('no d');
        crew.tell('c');
        crew.heal('a', 'd');
        const refused = (pod: string) =>
          a.lines.filter(({ level, pod: said }) => level === 'warn' && said === pod);
        await eventually(() => refused('d').length > 0, patient);
        expect(refused('d')).toMatchObject([{ slots: 2 }]);
        crew.tell();
        await a.stand.write('a-', 50);
        await allHold([b, c], 50);
        const slotsOf = (all: typeof before) => all.map(({ name, slot }) => [name, slot]);
        const known = a.relay.siblings().filter(({ name }) => name !== 'd');
        expect(slotsOf(known)).toEqual(slotsOf(before));
        expect(a.lines.filter(({ msg }) => msg === 'session ended')).toEqual([]);
        await crew.leave('b');
        await allHold([d], 50);
        expect(refused('d')).toHaveLength(1);
      });

      it('writes cause no looks at HAProxy: one look anywhere is not answered by one everywhere', async () => {
        const crew = createCrew(program);
        const all = await crew.join('a', 'b', 'c');
        await allReady(all);
        const [a] = all;
        if (a === undefined) throw new Error('no a');
        const connections = async () =>
          Number(/^CumConns: (\d+)/m.exec(await a.stand.ask('show info'))?.[1]);
        const writer = writeSteadily(a.stand.adminSocket, 3000, (index) => `k${index}`);
        await eventually(() => writer.written > 300, patient);
        crew.tell();
        const before = await connections();
        await eventually(() => writer.written > 6300, patient);
        const after = await connections();
        await writer.stop();
        // Sessions have begun a moment ago, so who runs is looked at four times a second, which has nothing to do with the 6,000 writes.
        expect(after - before).toBeLessThan(20);
      });

      it('a reload by somebody else loses nothing, whoever writes meanwhile', async () => {
        const crew = createCrew(program);
        const all = await crew.join('a', 'b', 'c');
        await allReady(all);
        // A new worker takes so long to learn from the old one that sessions are there before it has.
        await all[0]?.stand.write('before-', 50_000);
        let held = await agree(all, 50_000);
        for (const [turn, { stand }] of all.entries()) {
          const before = await stand.worker();
          const writing = Promise.all(
            all.map(async (each) => {
              for (let part = 0; part < 40; part += 1)
                await each.stand.write(`${turn}-${part}-${each.name}-`, 10);
            }),
          );
          await reloadOverMaster(stand.masterSocket, { timeoutMs: 10_000 });
          await eventually(async () => (await stand.worker()) !== before);
          await writing;
          // What the old worker writes once it has taught the new one is nowhere else: relay facts R15.
          held = await agree(all, held + 1200 - 40);
        }
        expect(all.every(({ relay }) => relay.readiness().ready)).toBe(true);
      });

      it('a link that is cut and comes back, with writes on both sides', async () => {
        const crew = createCrew(program);
        const all = await crew.join('a', 'b', 'c');
        await allReady(all);
        for (const { name, stand } of all) await stand.write(`${name}-`, 100);
        await allHold(all, 300);
        crew.cut('c');
        for (const { name, stand } of all) await stand.write(`${name}-split-`, 100);
        crew.heal('a', 'c');
        crew.heal('b', 'c');
        await allHold(all, 600);
      });
    },
  );
}
