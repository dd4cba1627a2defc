import { expect, it } from 'vitest';
import { createRefusals } from '../../../../../src/modules/relay/links/refusals.ts';

const version = { code: 'version', why: 'it speaks version 2, and we 1' } as const;

function stand() {
  let nowMs = 0;
  const refusals = createRefusals(() => nowMs);
  return {
    refusals,
    at(ms: number) {
      nowMs = ms;
      return refusals;
    },
  };
}

it('are told once they last, by name where we have dialled', () => {
  const { at } = stand();
  at(0).ended('10.0.0.2', 'web-2', version);
  at(9999).ended('10.0.0.2', 'web-2', version);
  expect(at(9999).told()).toEqual([]);
  at(10_000).ended('10.0.0.2', 'web-2', version);
  at(10_000).ended('10.0.0.3', undefined, version);
  expect(at(10_000).told()).toEqual([
    'no link with web-2 (10.0.0.2): it speaks version 2, and we 1 (version)',
  ]);
  at(20_000).ended('10.0.0.3', undefined, version);
  expect(at(20_000).told()).toEqual([
    'no link with web-2 (10.0.0.2): it speaks version 2, and we 1 (version)',
    'no link with 10.0.0.3: it speaks version 2, and we 1 (version)',
  ]);
});

it('are no more when there is a link, or when nobody tries any longer', () => {
  const { at } = stand();
  for (const address of ['10.0.0.2', '10.0.0.3'])
    for (const ms of [0, 10_000]) at(ms).ended(address, undefined, version);
  at(10_000).linked('10.0.0.2');
  expect(at(10_000).told()).toHaveLength(1);
  expect(at(130_000).told()).toEqual([]);
  // The one after that is the first one again.
  at(130_000).ended('10.0.0.3', undefined, version);
  expect(at(130_000).told()).toEqual([]);
});

it('are not what passes by itself, and not without a bound', () => {
  const { at } = stand();
  for (const ms of [0, 10_000])
    at(ms).ended('10.0.0.2', 'web-2', { code: 'nobody-listens', why: 'nobody listens' });
  expect(at(10_000).told()).toEqual([]);
  for (const ms of [0, 10_000])
    for (let last = 0; last < 500; last += 1) at(ms).ended(`10.0.1.${last}`, undefined, version);
  at(20_000);
  expect(at(20_000).told().length).toBeLessThanOrEqual(100);
});

it('tell who calls itself otherwise, whichever side has tried last', () => {
  const { at } = stand();
  const pod = { code: 'pod', why: 'node-2 answers at the address of web-2' } as const;
  at(0).ended('10.0.0.2', 'web-2', pod);
  at(1).ended('10.0.0.2', undefined, pod);
  at(1).ended('10.0.0.3', 'web-3', version);
  expect(at(1).otherNames()).toEqual(['web-2']);
  expect(at(30_001).otherNames()).toEqual([]);
});

it('tell who calls itself otherwise while other attempts come to nothing for other reasons', () => {
  const { at } = stand();
  const pod = { code: 'pod', why: 'node-2 answers at the address of web-2' } as const;
  const unknown = { code: 'unknown', why: 'node-2 is no member' } as const;
  at(0).ended('10.0.0.2', 'web-2', pod);
  at(5000).ended('10.0.0.2', undefined, unknown);
  expect(at(5000).otherNames()).toEqual(['web-2']);
  at(20_000).ended('10.0.0.2', 'web-2', pod);
  at(25_000).ended('10.0.0.2', undefined, unknown);
  expect(at(49_999).otherNames()).toEqual(['web-2']);
  expect(at(50_001).otherNames()).toEqual([]);
  at(60_000).ended('10.0.0.2', 'web-2', pod);
  at(60_000).linked('10.0.0.2');
  at(60_001).ended('10.0.0.2', undefined, unknown);
  expect(at(60_001).otherNames()).toEqual([]);
});
