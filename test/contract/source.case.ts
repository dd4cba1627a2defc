import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Self } from '../../src/model/member.ts';
import type { Membership } from '../../src/model/membership.ts';
import type { Source } from '../../src/sources/source.ts';
import { eventually } from '../helpers/eventually.ts';
import { unless } from '../helpers/skip.ts';

/** What a source observes, as the suite changes it. */
export interface SourceOrigin {
  /** Makes the origin hold exactly these members. */
  set(members: readonly { readonly name: string; readonly address: string }[]): Promise<void>;
  /** The origin cannot be heard any more, and again. */
  vanish(): Promise<void>;
  comeBack(): Promise<void>;
  createSource(self: Self): Source;
}

/** What a member is called where a source names it after something else than its name. */
export type NameOf = (member: { readonly name: string; readonly address: string }) => string;

export interface SourceHarness {
  /** What it lacks here. */
  readonly missing?: string | undefined;
  readonly timeoutMs?: number;
  readonly nameOf?: NameOf;
  setUp?(): Promise<void>;
  tearDown?(): Promise<void>;
  /** A fresh, empty origin for each test. */
  createOrigin(): Promise<SourceOrigin>;
}

const self: Self = { name: 'own', address: '10.0.0.1' };
const own = { name: 'own', address: '10.0.0.1' };
const other = { name: 'other', address: '10.0.0.2' };

function pairs(membership: Membership): readonly string[] {
  return membership.members.map(({ name, address }) => `${name}=${address}`);
}

/** What everyone who reads a Source may rely on. */
export function sourceContract(title: string, harness: SourceHarness): void {
  const nameOf = harness.nameOf ?? (({ name }) => name);
  const calledSelf = { ...self, name: nameOf(self) };
  /** `other=10.0.0.2`, in the source's own names and order. */
  function called(...expected: readonly string[]): readonly string[] {
    return expected
      .map((text) => {
        const [name = '', address = ''] = text.split('=');
        return `${nameOf({ name, address })}=${address}`;
      })
      .sort();
  }

  describe(`source contract: ${title}`, unless(harness.missing), () => {
    let origin: SourceOrigin;
    let source: Source;
    let controller: AbortController;

    beforeAll(() => harness.setUp?.(), harness.timeoutMs);
    afterAll(() => harness.tearDown?.());

    beforeEach(async () => {
      origin = await harness.createOrigin();
      controller = new AbortController();
      source = origin.createSource(calledSelf);
    });

    afterEach(async () => {
      controller.abort();
      await source.stopped();
    });

    async function seen(...expected: readonly string[]): Promise<void> {
      await eventually(() => {
        expect(source.snapshot().synced).toBe(true);
        expect(pairs(source.snapshot())).toEqual(called(...expected));
      });
    }

    it('is not synced, and says why, before the first list', () => {
      const membership = source.snapshot();

      expect(membership.synced).toBe(false);
      expect(membership.members).toEqual([]);
      expect(membership.notes).not.toEqual([]);
    });

    it('is not synced while the origin has never answered, and syncs once it does', async () => {
      await origin.set([own, other]);
      await origin.vanish();
      source.start(controller.signal);
      await eventually(() => expect(source.snapshot().notes.join()).not.toMatch(/yet/));

      const before = source.snapshot();
      await origin.comeBack();

      expect(before.synced).toBe(false);
      await seen('other=10.0.0.2', 'own=10.0.0.1');
      await eventually(() => expect(source.snapshot().notes).toEqual([]));
    });

    it('shows who is there, sorted by name, with the time it was heard', async () => {
      await origin.set([own, other]);
      const startedAt = Date.now();
      source.start(controller.signal);

      await seen('other=10.0.0.2', 'own=10.0.0.1');

      expect(source.snapshot().notes).toEqual([]);
      expect(source.snapshot().observedAtMs).toBeGreaterThanOrEqual(startedAt);
      expect(source.snapshot().members[0]?.terminating).toBe(false);
    });

    it('follows a member that joins and one that goes', async () => {
      await origin.set([own]);
      source.start(controller.signal);
      await seen('own=10.0.0.1');

      await origin.set([own, other]);
      await seen('other=10.0.0.2', 'own=10.0.0.1');

      await origin.set([own]);
      await seen('own=10.0.0.1');
    });

    it('follows a name that comes back with another address', async () => {
      await origin.set([own, other]);
      source.start(controller.signal);
      await seen('other=10.0.0.2', 'own=10.0.0.1');

      await origin.set([own, { ...other, address: '10.0.0.9' }]);

      await seen('other=10.0.0.9', 'own=10.0.0.1');
    });

    it('pokes when something changed, and the snapshot is new by then', async () => {
      await origin.set([own]);
      source.start(controller.signal);
      await seen('own=10.0.0.1');
      const snapshots: (readonly string[])[] = [];
      source.onChange(() => snapshots.push(pairs(source.snapshot())));

      await origin.set([own, other]);

      await eventually(() =>
        expect(snapshots).toContainEqual(called('other=10.0.0.2', 'own=10.0.0.1')),
      );
    });

    it('gives the same answer twice when nothing changed', async () => {
      await origin.set([own, other]);
      source.start(controller.signal);
      await seen('other=10.0.0.2', 'own=10.0.0.1');

      const { observedAtMs: _first, ...first } = source.snapshot();
      const { observedAtMs: _second, ...second } = source.snapshot();

      expect(second).toEqual(first);
    });

    it('keeps the members, stays synced and says so while the origin is gone, and goes on when it is back', async () => {
      await origin.set([own, other]);
      source.start(controller.signal);
      await seen('other=10.0.0.2', 'own=10.0.0.1');

      await origin.vanish();
      await eventually(() => expect(source.snapshot().notes.join()).toMatch(/^members as of /));

      await seen('other=10.0.0.2', 'own=10.0.0.1');
      await origin.comeBack();
      await origin.set([own]);
      await seen('own=10.0.0.1');
      await eventually(() => expect(source.snapshot().notes).toEqual([]));
    });

    it('notes that we ourselves are not there', async () => {
      await origin.set([other]);
      source.start(controller.signal);

      await seen('other=10.0.0.2');

      expect(source.snapshot().notes.join()).toContain(
        `this pod (${calledSelf.name}) is not among`,
      );
    });

    it('stops on abort, and what happens later changes nothing', async () => {
      await origin.set([own]);
      source.start(controller.signal);
      await seen('own=10.0.0.1');

      controller.abort();
      await source.stopped();
      let pokes = 0;
      source.onChange(() => {
        pokes += 1;
      });
      await origin.set([own, other]);

      expect(pokes).toBe(0);
      expect(pairs(source.snapshot())).toEqual(called('own=10.0.0.1'));
    });

    it('stops while the origin is gone', async () => {
      await origin.set([own]);
      source.start(controller.signal);
      await seen('own=10.0.0.1');
      await origin.vanish();
      await eventually(() => expect(source.snapshot().notes.join()).toMatch(/^members as of /));

      const startedAt = Date.now();
      controller.abort();
      await source.stopped();

      expect(Date.now() - startedAt).toBeLessThan(1_000);
      await origin.comeBack();
    });

    it('never started, it is stopped', async () => {
      await expect(source.stopped()).resolves.toBeUndefined();
    });
  });
}
