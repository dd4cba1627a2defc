import { describe, expect, it } from 'vitest';
import { drainSlot } from '../../../src/modules/relay/legs/drain-slot.ts';
import { resetSlot } from '../../../src/modules/relay/legs/reset-slot.ts';
import { teachNothing } from '../../../src/modules/relay/legs/teach-nothing.ts';
import { frames } from '../../../src/modules/relay/wire/frames.ts';
import { resyncFinished } from '../../../src/modules/relay/wire/messages.ts';
import { eventually } from '../../helpers/eventually.ts';
import { haproxyVersions } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { stopProcess } from '../../helpers/stop-process.ts';
import { pairInMemory } from '../../rig/relay-pair.ts';
import { local, type RelayStand } from '../../rig/relay-stand.ts';
import { relayStands } from '../../rig/test-relay-stand.ts';

const signal = new AbortController().signal;

describe.each(haproxyVersions)('HAProxy %s', (title, haproxy) => {
  describe('real', unless(missingOf({ [`HAProxy ${title}`]: haproxy })), () => {
    const start = relayStands(haproxy);

    const reset = (stand: RelayStand, slot: string, timeoutMs = 5000) =>
      resetSlot({ at: stand.at, local, slot, tables: 64, timeoutMs, signal });
    const nothing = (stand: RelayStand, more = {}) =>
      teachNothing({ at: stand.at, local, slot: 'lesson', timeoutMs: 5000, signal, ...more });

    describe('resetSlot', () => {
      /** What HAProxy keeps for a slot: what the last peer in it has confirmed. */
      async function confirmed(stand: RelayStand, slot: string): Promise<number> {
        const blocks = (await stand.ask('show peers')).split(/\n(?= {2}0x)/);
        const block = blocks.find((one) => one.includes(`id=${slot}(`)) ?? '';
        return Number(/[ \n]update=(\d+)/.exec(block)?.[1]);
      }

      it('makes a slot that another peer had give everything to the next one', async () => {
        const [teacher, gone, next] = await Promise.all([start(), start(), start()]);
        const first = await pairInMemory([teacher, 's1'], [gone, 's1']);
        // One by one, as traffic is: each is confirmed, so that nothing is left to be sent again.
        for (let at = 0; at < 50; at++) {
          await teacher.write(`key${at}-`, 1);
          await eventually(async () => (await gone.entries()) === at + 1, { intervalMs: 2 });
        }
        await first.stop();
        await gone.stop();

        // The other way round it would prove nothing: a session in this slot as it was.
        const asItWas = await pairInMemory([teacher, 's1'], [next, 's1']);
        await teacher.write('mark', 1);
        await eventually(async () => (await next.entries()) > 0);
        expect(await next.entries()).toBeLessThan(51);
        await asItWas.stop();

        expect(await reset(teacher, 's1')).toBe(true);
        const again = await pairInMemory([teacher, 's1'], [next, 's1']);
        await eventually(async () => (await next.entries()) === 51);
        await again.stop();
      });

      it('gives everything to a peer that has lost it, in the same slot, twenty times', async () => {
        const [teacher, other] = await Promise.all([start(), start()]);
        let pair = await pairInMemory([teacher, 's1'], [other, 's1']);
        for (let round = 1; round <= 20; round++) {
          for (let at = 1; at <= 3; at++) {
            await teacher.write(`key${round}-${at}-`, 1);
            const all = (round - 1) * 3 + at;
            await eventually(async () => (await other.entries()) === all, { intervalMs: 2 });
          }
          await pair.stop();
          await other.ask('clear table sessions');
          expect(await other.entries()).toBe(0);
          expect(await reset(teacher, 's1')).toBe(true);
          pair = await pairInMemory([teacher, 's1'], [other, 's1']);
          await eventually(async () => (await other.entries()) === round * 3, { intervalMs: 2 });
        }
        await pair.stop();
      });

      it('is done when it says so: a hundred times, while HAProxy is written to', async () => {
        const stand = await start();
        let writing = true;
        const writer = (async () => {
          for (let at = 0; writing; at++) await stand.write(`key${at}-`, 100);
        })();
        const kept: number[] = [];
        for (let round = 1; round <= 100; round++) {
          const leg = await stand.leg('s1');
          leg.onData(() => {});
          leg.write(Buffer.from([10, 132, 5, 1, 0, 0, 0, round]));
          await eventually(async () => (await confirmed(stand, 's1')) === round, { intervalMs: 1 });
          leg.close();
          expect(await reset(stand, 's1')).toBe(true);
          kept.push(await confirmed(stand, 's1'));
        }
        writing = false;
        await writer;
        expect(kept.filter((update) => update !== 0)).toEqual([]);
      });

      it('says that nothing is known when HAProxy does not answer or knows no such slot', async () => {
        const stand = await start();
        expect(await reset(stand, 's99')).toBe(false);
        const worker = await stand.worker();
        await stopProcess(worker);
        expect(await reset(stand, 's1', 50).finally(() => process.kill(worker, 'SIGCONT'))).toBe(
          false,
        );
      });
    });

    describe('drainSlot', () => {
      const drain = (stand: RelayStand, timeoutMs = 5000) =>
        drainSlot({ at: stand.at, local, slot: 's1', timeoutMs, signal });

      it('makes a session begin with what is written from then on, and with all of that', async () => {
        const [teacher, next] = await Promise.all([start(), start()]);
        // Nobody was sent these: up to 3.0 such an entry keeps its number when it is written again.
        await teacher.write('old-', 100);
        const drained = await drain(teacher);
        expect([...(drained ?? [])].map(([name, { id }]) => [name, id])).toEqual([['sessions', 1]]);
        expect(drained?.get('sessions')?.last).toBeGreaterThanOrEqual(100);
        expect(await drain(teacher)).toEqual(new Map());
        await teacher.write('old-', 40);
        await teacher.write('new-', 10);

        const pair = await pairInMemory([teacher, 's1'], [next, 's1']);
        await eventually(async () => (await next.entries()) >= 50);
        await teacher.write('mark-', 1);
        await eventually(async () => (await next.ask('show table sessions')).includes('mark-0'));
        expect(await next.entries()).toBe(51);
        await pair.stop();

        // The same again, from the same update on: what was sent since is sent once more.
        const confirmed = new Map([...(drained ?? [])].map(([, { id, last }]) => [id, last]));
        const slot = { at: teacher.at, local, slot: 's1', tables: 64, timeoutMs: 5000, signal };
        await next.ask('clear table sessions');
        expect(await resetSlot({ ...slot, confirmed })).toBe(true);
        const again = await pairInMemory([teacher, 's1'], [next, 's1']);
        await eventually(async () => (await next.entries()) >= 51);
        await teacher.write('end-', 1);
        await eventually(async () => (await next.ask('show table sessions')).includes('end-0'));
        expect(await next.entries()).toBe(52);
        await again.stop();
      });

      it('loses nothing of what is written all the time', async () => {
        const [teacher, next] = await Promise.all([start(), start()]);
        let writing = true;
        let written = 0;
        const writer = (async () => {
          for (; writing; written += 1) await teacher.write(`k${written % 7}-`, 100);
        })();
        await eventually(() => written > 10);
        for (let round = 0; round < 20; round += 1) expect(await drain(teacher)).not.toBeNull();
        // Each key of before is written again behind the last drain.
        const from = written;
        const pair = await pairInMemory([teacher, 's1'], [next, 's1']);
        await eventually(() => written > from + 8, { timeoutMs: 10_000 });
        writing = false;
        await writer;
        await eventually(async () => (await next.entries()) === 700);
        await pair.stop();
      });

      it('says that nothing is known when HAProxy does not answer', async () => {
        const stand = await start();
        const worker = await stand.worker();
        await stopProcess(worker);
        expect(await drain(stand, 50).finally(() => process.kill(worker, 'SIGCONT'))).toBeNull();
      });
    });

    describe('teachNothing', () => {
      it('ends the resync of a HAProxy that is alone in less than a second', async () => {
        const startedAt = performance.now();
        const stand = await start({ fresh: true });

        expect(await stand.finished()).toBe(false);
        expect(await nothing(stand)).toBe('taught');
        expect(await stand.finished()).toBe(true);
        expect(performance.now() - startedAt).toBeLessThan(1000);
      });

      it('is not asked when another teaches already', async () => {
        const stand = await start({ fresh: true });
        const teacher = await stand.leg('s1');
        let asked = false;
        teacher.onData((chunk) => {
          asked ||= [...frames(chunk)].some((one) => one.class === 0 && one.type === 0);
        });
        await eventually(() => asked, { intervalMs: 2 });

        expect(await nothing(stand, { timeoutMs: 300 })).toBe('not-asked');
        expect(await stand.finished()).toBe(false);
        teacher.write(resyncFinished);
        await eventually(() => stand.finished());
        teacher.close();
      });

      it('teaches nothing in place of one who broke off, when that is no longer right', async () => {
        const stand = await start({ fresh: true });
        const teacher = await stand.leg('s1');
        let asked = false;
        teacher.onData((chunk) => {
          asked ||= [...frames(chunk)].some((one) => one.class === 0 && one.type === 0);
        });
        await eventually(() => asked, { intervalMs: 2 });
        let looked = 0;
        const waiting = nothing(stand, {
          stillNobody: () => {
            looked += 1;
            return false;
          },
        });
        teacher.close();

        expect(await waiting).toBe('not-asked');
        expect(looked).toBe(1);
        expect(await stand.finished()).toBe(false);
      });

      it('is not asked once the resync is finished', async () => {
        const stand = await start();

        expect(await nothing(stand, { timeoutMs: 100 })).toBe('not-asked');
      });

      it('says what went wrong otherwise', async () => {
        const stand = await start();

        expect(await nothing(stand, { slot: 's99' })).toBe(
          'HAProxy answers 504: its peers section has no such peer',
        );
        const stop = new AbortController();
        const waiting = nothing(stand, { signal: stop.signal });
        setImmediate(() => stop.abort());
        expect(await waiting).toBe('stopped');
      });
    });
  });
});
