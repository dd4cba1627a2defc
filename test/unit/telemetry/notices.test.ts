import { describe, expect, it } from 'vitest';
import { type Decision, type HoldCode, holdCodes } from '../../../src/model/decision.ts';
import type { Notice } from '../../../src/model/notice.ts';
import { type Heard, nothingHeard, noticed } from '../../../src/telemetry/notices.ts';

const limitMs = 120_000;

function pass(decision: Decision, ...pending: readonly string[]): Heard {
  return { kind: 'pass', decision, pending };
}

function waits(...codes: readonly HoldCode[]): Heard {
  const reasons = codes.map((code) => holdCodes[code]);
  return pass({ kind: 'wait', untilMs: 0, reasons, codes }, 'b joined at 10.0.0.2');
}

const none = pass({ kind: 'none', reasons: [] });
const applies = pass({ kind: 'apply', via: 'reload', reasons: [] });
const failed = (code: string): Heard => ({ kind: 'failed', code, reason: 'why' });

/** The notices that follow from what is heard at which second. */
function told(...heard: readonly (readonly [second: number, heard: Heard])[]) {
  let state = nothingHeard;
  const notices: (readonly [number, Notice])[] = [];
  for (const [second, each] of heard) {
    const next = noticed(state, each, limitMs, 1_000_000 + second * 1000);
    state = next.state;
    if (next.notice !== null) notices.push([second, next.notice]);
  }
  return notices;
}

describe('noticed', () => {
  it('tells of a change that is held too long, with the reasons, and again after as long', () => {
    const every = Array.from(
      { length: 30 },
      (_, at) => [at * 10, waits('resync-pending')] as const,
    );

    const notices = told(...every);

    expect(notices.map(([second]) => second)).toEqual([120, 240]);
    expect(notices[0]?.[1]).toEqual({
      reason: 'ChangeWaiting',
      message:
        'not applied for 120 s: b joined at 10.0.0.2; this replica has not finished its resync',
    });
  });

  it('tells of a hold, too', () => {
    const hold = pass({ kind: 'hold', reasons: ['no own pod'], codes: ['self-missing'] });

    expect(told([0, hold], [120, hold])[0]?.[1].message).toBe('not applied for 120 s: no own pod');
  });

  it.each(['removal-delay', 'moved-connected'] as const)('is patient with %s', (code) => {
    expect(told([0, waits(code)], [200, waits(code)], [400, waits(code, 'turn')])).toEqual([]);
  });

  it('begins to count anew when nothing differs any more, or it is applied', () => {
    expect(told([0, waits('burst')], [100, none], [121, waits('burst')])).toEqual([]);
    expect(
      told([0, waits('burst')], [100, applies], [101, { kind: 'applied' }], [121, waits('burst')]),
    ).toEqual([]);
  });

  it('goes on counting over tries that fail', () => {
    const notices = told(
      [0, waits('burst')],
      [1, applies],
      [2, failed('DATAPLANE_CONFLICT')],
      [60, waits('backoff')],
      [100, applies],
      [101, failed('DATAPLANE_CONFLICT')],
      [130, waits('backoff')],
    );

    expect(notices.map(([, { reason }]) => reason)).toEqual(['ChangeWaiting']);
  });

  it.each(['RELOAD_FAILED', 'DATAPLANE_REJECTED'])('tells of %s at once', (code) => {
    expect(told([5, failed(code)])).toEqual([
      [5, { reason: 'ReloadRefused', message: `${code}: why` }],
    ]);
  });

  it('tells of failures that go on, and not of those at a start', () => {
    const code = 'DATAPLANE_UNREACHABLE';

    expect(told([0, failed(code)], [60, failed(code)], [61, none], [125, failed(code)])).toEqual(
      [],
    );
    expect(told([0, failed(code)], [120, failed(code)])).toEqual([
      [120, { reason: 'ReconcileFailing', message: `failing for 120 s with ${code}: why` }],
    ]);
  });
});
