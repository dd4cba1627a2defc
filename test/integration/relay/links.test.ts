import { afterEach, describe, expect, it } from 'vitest';
import type { LinksOptions } from '../../../src/modules/relay/links/links.ts';
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

describe('what is said of sums', () => {
  const speaking = (index: number, sums: number | undefined): Partial<LinksOptions> => ({
    own: {
      ...{ version: 1, section: 'peers', pod: `s${index}`, start: `start-${index}`, sums },
      uid: fleet?.members()[index]?.uid ?? '',
    },
  });
  const linked = async (one: number | undefined, other: number | undefined) => {
    fleet = await linkFleet(2);
    const [a, b] = await Promise.all([
      fleet.start('s0', speaking(0, one)),
      fleet.start('s1', speaking(1, other)),
    ]);
    return await eventually(() => {
      const [here, there] = [a.link('s1'), b.link('s0')];
      return here && there ? { here, there } : false;
    });
  };

  it('comes beside the data, each in its order, and much more than the link takes at a time', async () => {
    const { here, there } = await linked(1, 1);
    const got = { data: [] as Buffer[], sums: [] as Buffer[] };
    there.onData((chunk) => got.data.push(chunk));
    const chunks = Array.from({ length: 100 }, (_, index) => Buffer.alloc(index * 97 + 1, index));
    // More than a link lets wait before it is closed.
    const whole = Buffer.alloc(3 * 1024 * 1024, 'a sum; ');
    expect(here.sums?.write(whole)).toBe(false);
    const drained = new Promise<void>((resolve) => here.sums?.onDrain(resolve));
    await pour(here, chunks);
    there.sums?.onData((chunk) => got.sums.push(chunk));
    await drained;
    here.sums?.write(Buffer.from('the end'));
    await eventually(() => expect(Buffer.concat(got.sums).length).toBe(whole.length + 7));

    expect(Buffer.concat(got.sums).equals(Buffer.concat([whole, Buffer.from('the end')]))).toBe(
      true,
    );
    await eventually(() =>
      expect(Buffer.concat(got.data).equals(Buffer.concat(chunks))).toBe(true),
    );
  });

  it.each([
    ['to nobody who does not', 1, undefined],
    ['by nobody who was not asked to', undefined, 1],
    ['to nobody of another version', 1, 2],
  ] as const)('is said %s, and the link is as any other', async (_, one, other) => {
    const { here, there } = await linked(one, other);

    expect([here.sums, there.sums]).toEqual([null, null]);
    const got: unknown[] = [];
    there.onData(() => {});
    there.onMessage((message) => got.push(message));
    here.send('still there');
    await eventually(() => expect(got).toEqual(['still there']));
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
