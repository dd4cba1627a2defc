import { describe, expect, it } from 'vitest';
import {
  type AdmissionInput,
  judgeGreeting,
  outdated,
} from '../../../../../src/modules/relay/links/admission.ts';
import { member, membership } from '../../../../helpers/members.ts';

const own = { version: 1, section: 'peers', pod: 'a', uid: 'uid-a', start: 'start-a' } as const;
const hello = {
  ...{ version: 1, section: 'peers', pod: 'b', uid: 'uid-b', start: 'start-b', attempt: 1 },
};
const known = membership('a', member('b', { uid: 'uid-b' }));

function verdict(part: Partial<AdmissionInput> = {}, greeting: Partial<typeof hello> = {}) {
  const input = { greeting: { ...hello, ...greeting }, own, selfName: 'a', membership: known };
  const rest = { address: '10.0.0.2', dialled: undefined, others: [] };
  const { kind, ...result } = judgeGreeting({ ...input, ...rest, ...part });
  return [kind, 'code' in result ? result.code : result.member.name];
}

describe('a greeting', () => {
  it('is accepted from who discovery knows, by name, uid and address', () => {
    expect(verdict()).toEqual(['accept', 'b']);
    expect(verdict({ dialled: 'b' })).toEqual(['accept', 'b']);
    expect(verdict({ membership: membership('a', 'b') })).toEqual(['accept', 'b']);
  });

  it.each([
    ['of another version', { version: 2 }, 'version'],
    ['of another section', { section: 'other' }, 'section'],
    ['of ourselves', { start: 'start-a', uid: 'uid-a', pod: 'a' }, 'self'],
    ['of who has our uid', { uid: 'uid-a' }, 'own-uid'],
    ['of who has our name', { pod: 'a' }, 'own-name'],
  ])('%s is refused', (_, greeting, code) => {
    expect(verdict({}, greeting)).toEqual(['refuse', code]);
  });

  it('is refused from another pod than was dialled', () => {
    expect(verdict({ dialled: 'c' })).toEqual(['refuse', 'pod']);
  });

  it.each([
    ['nobody knows', { membership: membership('a') }, 'unknown'],
    ['is known by another uid', {}, 'uid', 'uid-c'],
    ['is known by another address', { address: '10.0.0.9' }, 'address'],
    ['says the uid of another', { others: [{ pod: 'c', uid: 'uid-b' }] }, 'claimed'],
  ] as const)(
    'waits from who %s, for discovery may be late',
    (_, part, code, uid: string = hello.uid) => {
      expect(verdict(part, { uid })).toEqual(['wait', code]);
    },
  );
});

describe('a link', () => {
  const link = { pod: 'b', uid: 'uid-b', address: '10.0.0.2' };

  it('stays while its member does, and where nothing is known', () => {
    expect(outdated(link, known)).toBeUndefined();
    expect(outdated(link, membership('a', 'b'))).toBeUndefined();
    expect(outdated(link, { ...membership(), synced: false })).toBeUndefined();
  });

  it('goes with its member, and where that is another one now', () => {
    expect(outdated(link, membership('a'))).toBe('gone');
    expect(outdated(link, membership('a', member('b', { uid: 'uid-c' })))).toBe('moved');
    expect(outdated({ ...link, address: '10.0.0.9' }, known)).toBe('moved');
  });
});
