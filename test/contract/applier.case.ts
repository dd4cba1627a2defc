import { afterEach, describe, expect, it } from 'vitest';
import { hasChanges, noChanges, type PeersChanges } from '../../src/model/changes.ts';
import type { PeerEntry, PeersSection } from '../../src/model/peers-section.ts';
import type { PeersApplier } from '../helpers/peers-applier.ts';
import { freePort } from '../helpers/ports.ts';
import { unless } from '../helpers/skip.ts';

/** What an implementation brings: a fresh section per test, and ways to look at it from outside. */
export interface ApplierSubject {
  readonly applier: PeersApplier;
  /** The section as an outsider sees it: names to `address:port`. */
  outside(): Promise<Readonly<Record<string, string>>>;
  /** Names the running HAProxy knows, sorted. */
  running?(): Promise<readonly string[]>;
  /** Somebody else adds an entry. */
  interfere(entry: PeerEntry): Promise<void>;
  stop(): Promise<void>;
}

export interface ApplierCase {
  /** What it lacks here. */
  readonly missing?: string | undefined;
  /** Starts with these lines of the section; `null` for no section. `PORT` stands for a port that can be bound. */
  start(lines: readonly string[] | null): Promise<ApplierSubject>;
  /** Title of a test to why this implementation does not run it. */
  readonly skips?: Readonly<Record<string, string>>;
}

const never = new AbortController().signal;

export function runApplierContract(
  title: string,
  { start, missing, skips = {} }: ApplierCase,
): void {
  describe(`applier contract: ${title}`, unless(missing), () => {
    let subject: ApplierSubject | undefined;

    afterEach(async () => {
      await subject?.applier.close();
      await subject?.stop();
      subject = undefined;
    });

    async function given(lines: readonly string[] | null): Promise<ApplierSubject> {
      subject = await start(lines);
      return subject;
    }

    function behaves(name: string, run: () => Promise<void>): void {
      it(name, unless(skips[name]), run);
    }

    behaves('reads the entries in order, with a version', async () => {
      const { applier } = await given([...own, 'peer b 127.0.0.2:1001', 'peer c 127.0.0.3:1002']);

      const section = await applier.read(never);

      expect(section).toMatchObject({ name: 'haproxy-peers', exists: true, style: 'peer' });
      expect(section.entries.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
      expect(section.entries[1]).toMatchObject({ name: 'b', address: '127.0.0.2', port: 1001 });
      expect(section.obstacles).toEqual([]);
      expect(section.version).not.toBe('');
    });

    behaves('gives equal versions while nothing changes', async () => {
      const { applier } = await given(own);

      const first = await applier.read(never);
      const second = await applier.read(never);

      expect(second).toEqual(first);
    });

    behaves('adds, updates and removes in one step and loads it', async () => {
      const { applier, outside, running } = await given([
        ...own,
        'peer b 127.0.0.2:1001',
        'peer c 127.0.0.3:1002',
      ]);
      const base = await applier.read(never);

      const applied = await applier.apply(
        base,
        changes({
          add: [entry('d', '127.0.0.4', 1003)],
          update: [entry('c', '127.0.0.33', 1002)],
          remove: base.entries.filter(({ name }) => name === 'b'),
        }),
        never,
      );

      expect(applied).toMatchObject({ reloaded: true, attempts: 1 });
      const now = await outside();
      expect(Object.keys(now).sort()).toEqual(['a', 'c', 'd']);
      expect(now).toMatchObject({ c: '127.0.0.33:1002', d: '127.0.0.4:1003' });
      if (running !== undefined) await expect.poll(running).toEqual(['a', 'c', 'd']);
      const after = await applier.read(never);
      expect(after.version).not.toBe(base.version);
    });

    behaves('writes and reloads nothing when nothing is left to do', async () => {
      const { applier } = await given([...own, 'peer b 127.0.0.2:1001']);
      const base = await applier.read(never);

      const none = await applier.apply(base, noChanges, never);
      const there = await applier.apply(
        base,
        changes({ add: [entry('b', '127.0.0.2', 1001)] }),
        never,
      );

      expect(none.reloaded).toBe(false);
      expect(there.reloaded).toBe(false);
      expect((await applier.read(never)).version).toBe(base.version);
    });

    behaves('does a thing once when asked twice', async () => {
      const { applier, outside } = await given(own);
      const base = await applier.read(never);
      const wanted = changes({ add: [entry('b', '127.0.0.2', 1001)] });

      const first = await applier.apply(base, wanted, never);
      const second = await applier.apply(base, wanted, never);

      expect([first.reloaded, second.reloaded]).toEqual([true, false]);
      expect(Object.keys(await outside()).sort()).toEqual(['a', 'b']);
    });

    behaves('keeps what somebody else changed since the read', async () => {
      const { applier, outside, interfere } = await given(own);
      const base = await applier.read(never);
      await interfere(entry('z', '127.0.0.26', 1026));

      const applied = await applier.apply(
        base,
        changes({ add: [entry('b', '127.0.0.2', 1001)] }),
        never,
      );

      expect(applied.reloaded).toBe(true);
      expect(Object.keys(await outside()).sort()).toEqual(['a', 'b', 'z']);
    });

    behaves('fills an empty section', async () => {
      const { applier, outside } = await given([]);
      const base = await applier.read(never);

      await applier.apply(
        base,
        changes({ add: [await ownEntry(), entry('b', '127.0.0.2', 1001)] }),
        never,
      );

      expect(base).toMatchObject({ exists: true, entries: [] });
      expect(Object.keys(await outside()).sort()).toEqual(['a', 'b']);
    });

    behaves('creates a missing section with all its entries', async () => {
      const { applier, outside } = await given(null);
      const base = await applier.read(never);

      const applied = await applier.apply(
        base,
        changes({ create: true, add: [await ownEntry(), entry('b', '127.0.0.2', 1001)] }),
        never,
      );

      expect(base).toMatchObject({ exists: false, entries: [] });
      expect(applied.reloaded).toBe(true);
      expect(Object.keys(await outside()).sort()).toEqual(['a', 'b']);
    });

    behaves('refuses to change a missing section without being told to create it', async () => {
      const { applier } = await given(null);
      const base = await applier.read(never);

      const applying = applier.apply(base, changes({ add: [entry('b', '127.0.0.2', 1)] }), never);

      await expect(applying).rejects.toMatchObject({ code: 'SECTION_MISSING', retryable: false });
    });

    behaves('takes IPv6 addresses, names with dots and names of 63 characters', async () => {
      const { applier, outside } = await given(own);
      const base = await applier.read(never);
      const long = `pod-${'x'.repeat(59)}`;

      await applier.apply(
        base,
        changes({ add: [entry('web.0.example', '127.0.0.9', 1009), entry(long, 'fd00::a', 1010)] }),
        never,
      );

      expect(await outside()).toMatchObject({
        'web.0.example': '127.0.0.9:1009',
        [long]: 'fd00::a:1010',
      });
      const after = await applier.read(never);
      expect(after.entries.find(({ name }) => name === long)).toMatchObject({
        address: 'fd00::a',
        port: 1010,
      });
    });

    behaves('refuses what is no peer, and writes nothing of the change', async () => {
      const { applier, outside } = await given([...own, 'peer b 127.0.0.2:1001']);
      const base = await applier.read(never);
      const hostile = [
        entry('x 192.0.2.1:1\nprogram p\n  command id\n#', '127.0.0.9', 1009),
        entry('x/../b', '127.0.0.9', 1009),
        entry('', '127.0.0.9', 1009),
        entry('x', '127.0.0.9:1 #', 1009),
        entry('x', 'example.com', 1009),
        entry('x', '127.0.0.9', 0),
      ];
      const moved = entry('b', '127.0.0.2\n  peer y 192.0.2.1', 1001);

      for (const bad of hostile) {
        const add = [entry('c', '127.0.0.3', 1002), bad];
        await expect(applier.apply(base, changes({ add }), never)).rejects.toMatchObject({
          code: 'PEER_REFUSED',
          retryable: false,
        });
      }
      await expect(applier.apply(base, changes({ update: [moved] }), never)).rejects.toMatchObject({
        code: 'PEER_REFUSED',
      });

      expect((await applier.read(never)).version).toBe(base.version);
      expect(Object.keys(await outside()).sort()).toEqual(['a', 'b']);
    });

    behaves('makes a burst of 25 changes one step', async () => {
      const lines = Array.from({ length: 12 }, (_, i) => `peer old${i} 127.0.1.${i + 1}:1001`);
      const { applier, outside } = await given([...own, ...lines]);
      const base = await applier.read(never);
      const add = Array.from({ length: 13 }, (_, i) => entry(`new${i}`, `127.0.2.${i + 1}`, 1001));

      const applied = await applier.apply(
        base,
        changes({ add, remove: base.entries.filter(({ name }) => name.startsWith('old')) }),
        never,
      );

      expect(applied.reloaded).toBe(true);
      const names = ['a', ...add.map(({ name }) => name)].sort();
      expect(Object.keys(await outside()).sort()).toEqual(names);
    });

    behaves('does nothing after an abort', async () => {
      const { applier, outside } = await given(own);
      const base = await applier.read(never);

      const applying = applier.apply(
        base,
        changes({ add: [entry('b', '127.0.0.2', 1001)] }),
        AbortSignal.abort(new Error('stopping')),
      );

      await expect(applying).rejects.toThrow('stopping');
      expect(Object.keys(await outside())).toEqual(['a']);
    });
  });
}

const own = ['peer a 127.0.0.1:PORT'];

async function ownEntry(): Promise<PeerEntry> {
  return entry('a', '127.0.0.1', await freePort());
}

export function entry(name: string, address: string, port: number): PeerEntry {
  return { name, address, port };
}

export function changes(part: Partial<PeersChanges>): PeersChanges {
  const all = { ...noChanges, ...part };
  if (!hasChanges(all)) throw new Error('a test without changes means noChanges');
  return all;
}

/** Names to `address:port`. */
export function asRecord(section: Pick<PeersSection, 'entries'>): Record<string, string> {
  return Object.fromEntries(
    section.entries.map(({ name, address, port }) => [name, `${address}:${port}`]),
  );
}
