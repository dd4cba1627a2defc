import { describe, expect, it } from 'vitest';
import { type Connection, waits } from '../../../../../src/modules/relay/links/connection.ts';
import { endingOf, goneSince, outcomeOf } from '../../../../../src/modules/relay/links/ending.ts';
import { member, membership } from '../../../../helpers/members.ts';

const hello = { version: 1, section: 'peers', pod: 'b', uid: 'u', start: 's', attempt: 1 };
const linked: Connection = {
  ...{ id: 1, address: '10.0.0.2', dialled: undefined, attempt: 0, hello, phase: 'up' },
  ...{ deadlineMs: Number.POSITIVE_INFINITY, upSinceMs: 1000 },
};
const known = membership('a', 'b');

describe('a link', () => {
  it('outlives a list that is short once, and goes after 10 s without its member', () => {
    const short = membership('a');
    const goneSinceMs = goneSince(linked, short, 5000);
    expect(goneSinceMs).toBe(5000);
    expect(goneSince({ ...linked, goneSinceMs }, short, 6000)).toBe(5000);
    expect(goneSince({ ...linked, goneSinceMs }, known, 6000)).toBeUndefined();
    const gone = { ...linked, goneSinceMs };
    expect(endingOf(gone, short, 5000 + waits.gone - 1)).toBeUndefined();

    expect(endingOf(gone, short, 5000 + waits.gone)?.code).toBe('gone');
  });

  it('stays while the members are not known', () => {
    const unknown = { ...membership(), synced: false };

    expect(goneSince(linked, unknown, 5000)).toBeUndefined();
    expect(endingOf(linked, unknown, 1e9)).toBeUndefined();
  });

  it('goes at once where the member is another pod, or elsewhere', () => {
    expect(endingOf(linked, membership(member('b', { uid: 'v' })), 0)?.code).toBe('moved');
    expect(endingOf(linked, membership(member('b', { address: '10.0.0.9' })), 0)?.code).toBe(
      'moved',
    );
  });
});

describe('a connection that is no link in time', () => {
  const refusal = { code: 'uid', why: 'another' } as const;

  it.each([
    ['opening', { dialled: 'b' }, 'timeout'],
    ['opening', {}, 'no-greeting'],
    ['answering', { dialled: 'b' }, 'no-answer'],
    ['waiting', { refusal }, 'uid'],
    ['greeted', {}, 'no-offer'],
  ] as const)('is given up while %s %o', (phase, part, code) => {
    const early = { ...linked, phase, deadlineMs: 3000, ...part };

    expect(endingOf(early, known, 2999)).toBeUndefined();
    expect(endingOf(early, known, 3000)?.code).toBe(code);
  });
});

it('a link that ends is told by how long it has lived, unless another one took its place', () => {
  const lived = { kind: 'link-ended', livedMs: 4000 };

  expect(outcomeOf(linked, { kind: 'failed' }, 5000)).toEqual(lived);
  expect(outcomeOf(linked, { kind: 'duplicate' }, 5000)).toEqual({ kind: 'duplicate' });
});
