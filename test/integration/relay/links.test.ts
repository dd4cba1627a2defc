import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { type LinkFleet, linkFleet, pour, type Sidecar } from '../../helpers/links.ts';
import { freePort } from '../../helpers/ports.ts';

let fleet: LinkFleet | undefined;
afterEach(async () => {
  await fleet?.close();
});

async function started(size: number, options = {}): Promise<readonly Sidecar[]> {
  fleet = await linkFleet(size);
  const { start } = fleet;
  return Promise.all(Array.from({ length: size }, (_, index) => start(`s${index}`, options)));
}

/** Each is linked with each other, once, and both ends are ends of the same connection. */
function expectMesh(sidecars: readonly Sidecar[]): void {
  for (const each of sidecars) {
    const others = sidecars.filter((one) => one !== each);
    expect(each.linked()).toEqual(others.map(({ name }) => name).toSorted());
    for (const other of others) {
      const here = each.link(other.name);
      const there = other.link(each.name);
      expect(here?.dialled).toBe(!there?.dialled);
      expect(here?.other.attempt).toBe(there?.other.attempt);
      expect(here?.other.uid).not.toBe(there?.other.uid);
    }
  }
}

describe.each([true, false])('links, in plain text: %s', (plaintext) => {
  it.each([2, 3])('of %d sidecars that start together are one for each pair', async (size) => {
    const sidecars = await started(size, { plaintext });
    await eventually(() => expectMesh(sidecars));

    for (const { all } of sidecars) expect(all).toHaveLength(size - 1);
  });

  it('carry messages and data in the order they were sent in', async () => {
    const [a, b] = await started(2, { plaintext });
    const [here, there] = await eventually(() => {
      const pair = [a?.link('s1'), b?.link('s0')] as const;
      return pair[0] && pair[1] ? ([pair[0], pair[1]] as const) : false;
    });
    const chunks = Array.from({ length: 200 }, (_, index) => Buffer.alloc(index * 97 + 1, index));
    here.send({ begin: 1 });
    const got: Buffer[] = [];
    const messages: unknown[] = [];
    there.onMessage((message) => messages.push([message, Buffer.concat(got).length]));
    there.onData((chunk) => got.push(chunk));
    await pour(here, chunks);
    here.send({ end: true });
    const all = Buffer.concat(chunks);
    await eventually(() => expect(messages).toHaveLength(2));

    expect(messages).toEqual([
      [{ begin: 1 }, 0],
      [{ end: true }, all.length],
    ]);
    expect(Buffer.concat(got).equals(all)).toBe(true);
  });
});

it('links of who listens everywhere come from the address that discovery has of it', async () => {
  fleet = await linkFleet(2);
  const everywhere = await freePort('');
  const { port } = fleet;
  const a = await fleet.start('s0', { host: '', port: everywhere, portOf: () => port });
  const b = await fleet.start('s1', { portOf: () => everywhere });
  await eventually(() => expectMesh([a, b]));
  for (let round = 0; round < 3; round++) {
    a.link('s1')?.close('again');
    await eventually(() => expect(b.all).toHaveLength(round + 2));
    await eventually(() => expectMesh([a, b]));
  }

  expect(b.links.counters.refused).toEqual({});
  expect(a.link('s1')?.address).toBe(b.address);
});

it('a port that is taken is said at the start', async () => {
  fleet = await linkFleet(1);
  await fleet.start('s0');

  await expect(fleet.start('s0')).rejects.toThrow(/Cannot listen on 127\..*: .*EADDRINUSE/);
});

it('a sidecar that stops says so, and leaves nothing open', async () => {
  const [a, b] = await started(2);
  const there = await eventually(() => b?.link('s0') ?? false);
  await a?.close();

  expect(await there.closed).toBe('the other side says: the sidecar stops');
  expect(a?.linked()).toEqual([]);
  expect(a?.links.counters).toMatchObject({ up: 0, ended: { stopped: 1 }, failedDials: {} });
});
