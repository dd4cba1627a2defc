import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TlsMaterial } from '../../../src/model/peers-tls.ts';
import { namesOf, strangerBy } from '../../../src/modules/relay/links/certificates.ts';
import { createCa, type TestCa } from '../../helpers/certificates.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type LinkFleet, linkFleet } from '../../helpers/links.ts';
import { suiteFolder } from '../../helpers/test-folder.ts';

const folder = suiteFolder();
let ca: TestCa;
let otherCa: TestCa;
let fleet: LinkFleet | undefined;
beforeAll(() => {
  ca = createCa(folder);
  otherCa = createCa(folder, 'other');
});
afterEach(async () => {
  await fleet?.close();
  fleet = undefined;
});

async function pair(first: TlsMaterial, second: TlsMaterial) {
  const files = [first, second];
  fleet = await linkFleet(2);
  const options = (index: 0 | 1) => ({
    keys: () => Promise.reject(new Error('no keys')),
    certificates: async () => files[index] ?? first,
  });
  const a = await fleet.start('s0', options(0));
  const b = await fleet.start('s1', options(1));
  return { a, b, files };
}

describe('certificates', () => {
  it('with a name in common link two sidecars, and renewed ones break no link', async () => {
    const { a, b, files } = await pair(
      ca.issue({ dnsName: 'peers' }),
      ca.issue({ dnsName: 'peers' }),
    );
    const before = await eventually(() => a.link('s1') ?? false);
    files[0] = ca.issue({ dnsName: 'peers' });
    files[1] = ca.issue({ dnsName: 'peers' });
    expect(a.link('s1')).toBe(before);
    before.close('cut');
    await eventually(() => expect([a.linked(), b.linked()]).toEqual([['s1'], ['s0']]));

    expect(a.link('s1')).not.toBe(before);
  });

  it.each([
    ['of the CA and another name', () => ca.issue({ dnsName: 'dashboard' })],
    ['of another CA and the same name', () => otherCa.issue({ dnsName: 'peers' })],
    ['that has ended', () => ca.issue({ dnsName: 'peers', days: -1 })],
    ['that is only for servers', () => ca.issue({ dnsName: 'peers', usage: 'codeSigning' })],
  ])('one %s links nobody', async (_, issue) => {
    const { a, b } = await pair(ca.issue({ dnsName: 'peers' }), issue());
    const counts = () =>
      [a, b].map(({ links }) => {
        const { strangers, failedDials } = links.counters;
        return Object.values({ ...strangers, ...failedDials }).reduce((sum, each) => sum + each, 0);
      });
    await eventually(() => expect(Math.min(...counts())).toBeGreaterThan(3));

    expect([...a.all, ...b.all]).toEqual([]);
  });
});

describe('the names of a certificate', () => {
  it('are its DNS names and URIs, whatever others there are', () => {
    const text =
      'DNS:Peers.example, IP Address:10.0.0.1, URI:spiffe://c.local/ns/a/sa/b, DNS:localhost';

    expect([...namesOf(text)]).toEqual(['DNS:peers.example', 'URI:spiffe://c.local/ns/a/sa/b']);
    expect([...namesOf('')]).toEqual([]);
  });

  it('are none where the text could pass for another name', () => {
    expect([...namesOf('DNS:"x, URI:spiffe://c.local/ns/a/sa/b", DNS:y')]).toEqual(['DNS:y']);
    expect([...namesOf('DNS:"a\\", DNS:peers", DNS:y')]).toEqual(['DNS:y']);
  });

  it('must have one in common, and which they are is said', () => {
    const own = namesOf('DNS:peers, DNS:a');

    expect(strangerBy(own, 'DNS:b, DNS:peers')).toBeUndefined();
    expect(strangerBy(own, 'DNS:localhost')).toMatch(/has no name, and ours DNS:peers, DNS:a/);
    expect(strangerBy(own, undefined)).toMatch(/none in common/);
  });
});
