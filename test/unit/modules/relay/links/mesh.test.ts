import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MeshWorld, meshWorld } from '../../../../helpers/mesh-world.ts';

const picks = fc.array(fc.nat(1_000_000), { maxLength: 150, size: 'max' });
const uids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), {
  minLength: 2,
  maxLength: 3,
});

/** One link of each pair, and both ends mean the same connection. */
function expectWhole({ nodes, links }: MeshWorld): void {
  const pairs = links().map((line) => line.split(': '));
  const names = nodes.flatMap(({ name }) =>
    nodes.flatMap((other) => (other.name === name ? [] : [`${name} ${other.name}`])),
  );
  expect(pairs.map(([pair]) => pair)).toEqual(names.toSorted());
  for (const [pair = '', number] of pairs) {
    const back = pair.split(' ').toReversed().join(' ');
    expect(pairs).toContainEqual([back, number]);
  }
}

/** 0 to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe('sidecars side by side', () => {
  it('have one link each at once where nothing goes wrong', () => {
    const world = meshWorld(['b', 'a', 'c'], () => 0.5);
    world.calm(100);

    expectWhole(world);
    expect(world.dialled()).toBe(3);
  });

  it('never have two links with the same one, and end with one, whatever has happened in whatever order', () => {
    fc.assert(
      fc.property(uids, picks, fc.nat(1000), (ids, events, seed) => {
        const world = meshWorld(ids, randomOf(seed));
        for (const pick of events) world.happen(pick);
        world.calm(30_000);
        expectWhole(world);

        const before = [world.links(), world.dialled()];
        world.calm(60_000);
        expect([world.links(), world.dialled()]).toEqual(before);
      }),
      { numRuns: 1000 },
    );
  });

  it('are linked again within 5 s of the last fault', () => {
    fc.assert(
      fc.property(uids, picks, fc.nat(1000), (ids, events, seed) => {
        const world = meshWorld(ids, randomOf(seed));
        for (const pick of events) world.happen(pick);
        world.calm(5000);
        expectWhole(world);
      }),
      { numRuns: 500 },
    );
  });

  const tenMinutes = 600_000;

  it('keep every link for ten minutes without the API server, and dial nobody', () => {
    const world = meshWorld(['b', 'a', 'c'], () => 0.5);
    world.calm(1000);
    const before = [world.links(), world.dialled()];
    world.discovery(false);
    world.calm(tenMinutes);
    expect([world.links(), world.dialled()]).toEqual(before);
    world.discovery(true);
    world.calm(10_000);
    expect([world.links(), world.dialled()]).toEqual(before);
    expectWhole(world);
  });

  it.each([0, 1, 2])(
    'one that starts without the API server is linked with nobody for ten minutes, and soon after (%d)',
    (index) => {
      const world = meshWorld(['b', 'a', 'c'], () => 0.5);
      world.calm(1000);
      const node = world.nodes[index];
      if (node === undefined) throw new Error('no node');
      world.discovery(false);
      world.restart(node);
      const dialled = world.dialled();
      world.calm(tenMinutes);

      expect(world.links().filter((line) => line.includes(node.name))).toEqual([]);
      expect(world.links()).toHaveLength(2);
      // Each of the other two tries again now and then.
      expect(world.dialled() - dialled).toBeLessThan(2 * 150);
      world.discovery(true);
      world.calm(15_000);
      expectWhole(world);
    },
  );
});
