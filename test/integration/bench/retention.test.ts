import { describe, expect, it } from 'vitest';
import { play } from '../../bench/retention/play.ts';
import { plotRetention } from '../../bench/retention/plot.ts';
import { aligned, head, lossy, markdown, row, rowBelow } from '../../bench/retention/report.ts';
import type { Result } from '../../bench/retention/result.ts';
import { scenarios } from '../../bench/retention/scenarios.ts';
import { programs } from '../../helpers/programs.ts';
import { missingOf, unless } from '../../helpers/skip.ts';
import { testFolder } from '../../helpers/test-folder.ts';
import { ownNetwork } from '../../rig/network.ts';
import { choosePorts } from '../../rig/ports.ts';
import { fileRoll } from '../../rig/roll.ts';

const kept: Result = {
  scenario: 'rollout',
  way: 'ours',
  joins: 3,
  entries: 40_000,
  kept: 40_000,
  survivors: [],
  acked: 5000,
  writesFailed: 0,
  missingAny: 12,
  missingAll: 3,
  missingBy: {},
  reloadsOld: 3,
  reloadsNew: 2,
  readySeconds: 2.34,
  seconds: 9.96,
  settled: true,
  failure: null,
};
const lost: Result = { ...kept, way: 'naive', kept: 10_000, reloadsOld: 7 };
const inRelayMode: Result = { ...kept, way: 'relay', reloadsOld: 0, reloadsNew: 0 };

describe('the rows of the retention bench', () => {
  it('shows ours and the naive way, and marks too many reloads', () => {
    expect(row([kept], [lost])).toEqual([
      'rollout',
      '40,000',
      '40,000',
      '10,000',
      '4.00',
      '12/3 of 5,000',
      '12/3 of 5,000',
      '3/2',
      '7!/2',
      '2.3',
      '2.3',
      '10.0',
      '10.0',
    ]);
  });

  it('shows another checkout in the columns of ours, and does not fail for what it loses', () => {
    const theirs: Result = { ...kept, way: 'beside', kept: 7 };

    expect(rowBelow('beside', [theirs]).slice(0, 4)).toEqual([
      'rollout (beside)',
      '40,000',
      '7',
      '-',
    ]);
    expect(lossy([kept, theirs])).toBe(false);
  });

  it('marks every reload in relay mode', () => {
    expect(rowBelow('relay', [inRelayMode])[7]).toBe('0/0');
    expect(rowBelow('relay', [{ ...inRelayMode, reloadsOld: 1 }])[7]).toBe('1!/0');
  });

  it('shows the worst of several runs', () => {
    const cells = row([kept, { ...kept, kept: 39_999, missingAny: 40, readySeconds: 8 }], []);

    expect(cells.slice(2, 6)).toEqual(['39,999', '-', '-', '40/3 of 5,000']);
    expect(cells[9]).toBe('8.0');
  });

  it('has no number for a ratio to nothing, and none for a run that failed', () => {
    expect(row([kept], [{ ...lost, kept: 0 }])[4]).toBe('∞');
    expect(row([{ ...kept, failure: 'no' }], [])[2]).toBe('failed');
  });

  it.each([
    ['all kept', [kept, lost], false],
    ['one of ours lost', [{ ...kept, kept: 39_999 }], true],
    ['ours failed', [{ ...kept, failure: 'no' }], true],
    ['relay mode kept all', [inRelayMode], false],
    ['relay mode lost one', [{ ...inRelayMode, kept: 39_999 }], true],
    ['an old replica reloaded in relay mode', [{ ...inRelayMode, reloadsOld: 1 }], true],
    ['a new replica reloaded in relay mode', [{ ...inRelayMode, reloadsNew: 1 }], true],
  ])('judges our runs only: %s', (_, runs, expected) => {
    expect(lossy(runs)).toBe(expected);
  });

  it('prints a table for the terminal and one in Markdown', () => {
    const rows = [row([kept], [lost])];

    expect(new Set(aligned(head, rows).map((line) => line.indexOf('40,000'))).size).toBe(2);
    expect(markdown(head, rows).split('\n')[1]).toBe(`|${' --- |'.repeat(head.length)}`);
  });
});

describe('the plot of the retention bench', () => {
  const tracks = [
    { name: 'web-1', samples: [{ atMs: 0, entries: 40_000 }], readyAtMs: null },
    {
      name: 'web-4',
      samples: [
        { atMs: 100, entries: null },
        { atMs: 200, entries: 41_000 },
      ],
      readyAtMs: 150,
    },
  ];

  it('has a panel for ours and one for the naive way, whose titles say what was kept', () => {
    const svg = plotRetention([
      { ...kept, timeline: tracks },
      { ...lost, timeline: tracks },
    ]);

    expect(svg).toContain('haproxy-peer-sync: 40,000 of 40,000 entries kept');
    expect(svg).toContain('start alone, reload on every event: 10,000 of 40,000 entries kept');
  });

  it('refuses runs that nobody has sampled', () => {
    expect(() => plotRetention([kept])).toThrow('nothing to plot');
  });
});

const haproxy = programs.haproxy34 ?? programs.haproxy30 ?? programs.haproxy;
const rollout = scenarios.find(({ name }) => name === 'rollout');

describe('a rollout of the retention bench', () => {
  it.for([
    ['ours', 1],
    ['relay', 0],
  ] as const)(
    '%s: keeps every entry, with %i reloads for one that joins',
    {
      ...unless(missingOf({ HAProxy: haproxy })),
      timeout: 60_000,
    },
    async ([way, reloads], { signal }) => {
      if (rollout === undefined || haproxy === undefined) throw new Error('nothing to play');
      const directory = testFolder();
      const network = ownNetwork();
      const said: string[] = [];
      const result = await play({
        scenario: { ...rollout, begin: 1, joins: 1 },
        way,
        entries: 1000,
        writes: 200,
        burst: 12,
        cutSeconds: 0,
        haproxy,
        dataplane: programs.dataplaneV3 ?? null,
        network,
        ports: await choosePorts(network, 5),
        directory,
        keep: false,
        calm: false,
        sampled: true,
        makeRoll: async (own) => ({ roll: fileRoll(own), hop: null }),
        // Ends with the test, so that one that takes too long leaves nothing running.
        signal,
        say: (text) => said.push(text),
      });

      expect(result).toMatchObject({ failure: null, entries: 1000, kept: 1000 });
      expect(result.acked).toBeGreaterThan(100);
      expect(result.reloadsOld).toBeLessThanOrEqual(reloads);
      expect(said).toContain('web-1 is replaced');
      const joined = result.timeline?.find(({ name }) => name === 'web-2');
      const readyAtMs = joined?.readyAtMs ?? Number.POSITIVE_INFINITY;
      const served = joined?.samples.filter(({ atMs }) => atMs > readyAtMs) ?? [];
      expect(served.length).toBeGreaterThan(5);
      expect(served[0]?.entries).toBeGreaterThanOrEqual(1000);
    },
  );
});
