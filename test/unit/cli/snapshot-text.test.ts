import { describe, expect, it } from 'vitest';
import { bytesText, spanText } from '../../../src/cli/amounts.ts';
import { newestSnapshot, snapshotFacts } from '../../../src/cli/snapshot-text.ts';
import { renderTable } from '../../../src/cli/status-table.ts';
import { renderStatus } from '../../../src/cli/status-view.ts';
import type { Status } from '../../../src/telemetry/status-schema.ts';
import { status } from '../../helpers/status.ts';

const nowMs = 1_000_000_000;
type Snapshot = NonNullable<Status['snapshot']>;
const last = { atMs: nowMs - 12_000, entries: 40_000, bytes: 1_234_567, ms: 310 };
const taker: Snapshot = { records: true, last, failure: null, restored: null };
const other: Snapshot = { records: false, last: null, failure: null, restored: null };
const failure = { atMs: nowMs - 5000, why: '/snapshots: ENOSPC: no space left on device' };
const found = (name: string, snapshot?: Snapshot) => ({
  name,
  status: status(name, snapshot === undefined ? {} : { snapshot }),
});

describe('what a replica tells of snapshots', () => {
  it('is who takes them, the last one, what failed, and what was restored', () => {
    const restored = {
      ...{ atMs: nowMs - 60_000, replica: 'web-0', takenAtMs: nowMs - 90_000 },
      ...{ entries: 39_000, expired: 7 },
    };
    expect(snapshotFacts({ ...taker, failure, restored }, nowMs)).toEqual([
      {
        ...{ label: 'snapshots', bad: false },
        text: 'taken here; the last one of this sidecar 12s ago: 40,000 entries, 1.2 MB, in 310 ms',
      },
      {
        ...{ label: 'snapshots', bad: true },
        text: 'failed 5s ago: /snapshots: ENOSPC: no space left on device',
      },
      {
        ...{ label: 'restored', bad: false },
        text: '1m ago: 39,000 entries that web-0 had recorded 30s before, 7 had expired',
      },
    ]);
    expect(snapshotFacts(other, nowMs)[0]?.text).toBe(
      'taken by another replica; none by this sidecar yet',
    );
  });

  it('stands in its block, and in a line below the table of all', () => {
    const all = [found('web-0', { ...taker, failure }), found('web-1', other)];
    const block = renderStatus(all, { colors: false, nowMs });
    expect(block).toContain('  snapshots     failed 5s ago');
    const table = renderTable(all, { colors: false, differences: [], nowMs });
    expect(table).toContain(
      'newest snapshot 12s ago by web-0: 40,000 entries, 1.2 MB; web-0 fails: /snapshots: ENOSPC',
    );
    const without = [found('web-0'), found('web-1')];
    expect(renderTable(without, { colors: false, differences: [], nowMs })).not.toContain('snap');
    expect(renderStatus(without, { colors: false, nowMs })).not.toContain('snap');
  });

  it('is bad for all where the one that takes them fails, or nobody takes them', () => {
    expect(newestSnapshot([found('a')], nowMs)).toBeNull();
    expect(newestSnapshot([found('a', taker), found('b', other)], nowMs)?.bad).toBe(false);
    expect(newestSnapshot([found('a', other), found('b', other)], nowMs)).toEqual({
      ...{ bad: true, text: 'no snapshot since the sidecars started; no replica takes them now' },
    });
    // One that took them before, and failed then, is no trouble of now.
    const past = found('b', { ...other, failure });
    expect(newestSnapshot([found('a', taker), past], nowMs)?.bad).toBe(false);
  });
});

describe('amounts', () => {
  it.each([
    [0, '0s'],
    [999, '0s'],
    [12_345, '12s'],
    [60_000, '1m'],
    [3_725_000, '1h 2m'],
    [90_000_000, '1d 1h'],
  ])('%i ms is %s', (ms, text) => expect(spanText(ms)).toBe(text));
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1500, '1.5 kB'],
    [1_234_567, '1.2 MB'],
    [2e9, '2.0 GB'],
  ])('%i bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));
});
