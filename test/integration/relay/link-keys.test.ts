import { afterEach, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { type LinkFleet, linkFleet, type Sidecar } from '../../helpers/links.ts';

let fleet: LinkFleet;
afterEach(async () => {
  await fleet.close();
});

const first = Buffer.from('the first key, 32 bytes or more!');
const second = Buffer.from('the second key, 32 bytes or so!!');

/** A sidecar whose key file can be changed. */
async function withKeys(name: string, ...keys: Buffer[]) {
  const file = { keys };
  const sidecar = await fleet.start(name, { keys: () => Promise.resolve(file.keys) });
  return { sidecar, file };
}

function linked(...sidecars: readonly Sidecar[]): boolean {
  return sidecars.every((each) => each.linked().length === sidecars.length - 1);
}

it('with another key nobody is linked, and both say so, once a minute', async () => {
  fleet = await linkFleet(2);
  const a = await withKeys('s0', first);
  const b = await withKeys('s1', second);
  await eventually(() => {
    for (const { sidecar } of [a, b])
      expect(sidecar.links.counters.failedDials.key).toBeGreaterThan(2);
  });
  expect(a.sidecar.all).toEqual([]);
  const lines = a.sidecar.log.filter(({ level }) => level === 'warn');
  expect(lines.map(({ code }) => code).toSorted()).toEqual(['key', 'key']);
  expect(lines.find(({ msg }) => msg === 'no link yet')?.why).toMatch(
    /^it does not take what we show \([0-9a-f]{16}: ERR_SSL_/,
  );
  expect(JSON.stringify(a.sidecar.log)).not.toMatch(/first key/);
  b.file.keys = [first];

  await eventually(() => linked(a.sidecar, b.sidecar));
});

it('a key of the same name that is another one is refused', async () => {
  fleet = await linkFleet(2);
  const a = await withKeys('s0', first);
  await eventually(() => expect(a.sidecar.links.counters.failedDials).not.toEqual({}));
  expect(a.sidecar.links.counters.failedDials.key).toBeUndefined();
  const b = await withKeys('s1');
  await eventually(() => expect(b.sidecar.links.counters.failedDials['no-key']).toBeGreaterThan(0));

  expect(a.sidecar.linked()).toEqual([]);
  expect(b.sidecar.log.some(({ why }) => why === 'there is no key')).toBe(true);
});

it('is rotated by a file with both, one replica after the other, while links break all the time', async () => {
  fleet = await linkFleet(3);
  const names = ['s0', 's1', 's2'];
  const all = await Promise.all(names.map((name) => withKeys(name, first)));
  const sidecars = all.map(({ sidecar }) => sidecar);
  await eventually(() => linked(...sidecars));
  for (const keys of [[second, first], [second]]) {
    for (const { file } of all) {
      file.keys = keys;
      for (const each of sidecars) for (const link of each.links.links()) link.close('cut');
      await eventually(() => expect(sidecars.flatMap((each) => each.linked())).toHaveLength(6));
    }
  }
  const late = await fleet.start('s0', {
    keys: () => Promise.resolve([first]),
    port: fleet.port,
    host: '127.0.0.78',
  });
  await eventually(() => expect(late.links.counters.failedDials.key).toBeGreaterThan(0));

  expect(late.linked()).toEqual([]);
});
