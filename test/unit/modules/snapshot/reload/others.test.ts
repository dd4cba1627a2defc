import { describe, expect, it } from 'vitest';
import { otherOf } from '../../../../../src/modules/snapshot/reload/others.ts';
import type { Status } from '../../../../../src/telemetry/status-schema.ts';
import { member } from '../../../../helpers/members.ts';
import { status } from '../../../../helpers/status.ts';

const trustedMs = 54_000;
const offer = { takenAtMs: 7 };
const table = (used: number, shared = true) => ({ name: 't', size: 10, used, shared });
const of = (part: Partial<Status>) =>
  otherOf(member('b'), { status: status('b', part), silentSinceMs: null }, 0, trustedMs);
const mute = (serving: boolean | undefined, silentMs: number) =>
  otherOf({ ...member('b'), serving }, { status: null, silentSinceMs: 0 }, silentMs, trustedMs);

describe('what another replica holds', () => {
  it.each([
    ['its own word, that it does', { restore: { holds: true, offer: null } }, true],
    ['its own word, that it does not', { restore: { holds: false, offer } }, false],
    ['its own word, that it does not know', { restore: { offer } }, undefined],
    [
      'entries that clients wrote, where its own word is no',
      { restore: { holds: false, offer }, tables: [table(3)] },
      false,
    ],
    ['a HAProxy that is away', { resync: null, restore: { holds: true, offer } }, undefined],
    ['a ready one without snapshots, though it is empty', { ready: true }, true],
    ['entries of one without snapshots', { tables: [table(1)] }, true],
    ['entries of one that learns', { resync: 'pending', tables: [table(1)] }, true],
    ['entries that are not shared', { tables: [table(1, false)] }, false],
    ['nothing, while it learns', { resync: 'pending' }, undefined],
    ['nothing', { resync: 'alone' }, false],
  ] as const)('%s', (_, part, holds) => {
    expect(of(part as Partial<Status>).holds).toBe(holds);
  });

  it('is not known of one that was not asked, or does not answer', () => {
    expect(otherOf(member('b'), undefined, 1e9, trustedMs).holds).toBeUndefined();
    expect(mute(undefined, 1e9).holds).toBeUndefined();
    expect(mute(true, trustedMs - 1).holds).toBeUndefined();
  });

  it('is nothing where no container has started, and something where the API server calls it ready for long', () => {
    expect(mute(false, 0).holds).toBe(false);
    expect(mute(true, trustedMs).holds).toBe(true);
  });

  it('goes with what it could restore', () => {
    expect(of({ restore: { holds: false, offer } }).offer).toEqual(offer);
    expect(of({ restore: { offer: 'looking' } }).offer).toBe('looking');
    expect(of({}).offer).toBeNull();
    expect(mute(undefined, 0).offer).toBeNull();
  });
});
