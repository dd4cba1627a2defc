import { describe, expect, it } from 'vitest';
import { parseMembersFile } from '../../../src/sources/members-file.ts';

describe('parseMembersFile', () => {
  it.each([
    '- name: a\n  address: 10.0.0.1\n- {name: b.c, address: "[FD00::0:2]"}\n',
    '[{"name":"a","address":"10.0.0.1","extra":1},{"name":"b.c","address":"fd00::2"}]',
  ])('reads YAML and JSON: %s', (text) => {
    expect(parseMembersFile(text)).toEqual([
      { name: 'a', addresses: ['10.0.0.1'], terminating: false },
      { name: 'b.c', addresses: ['fd00::2'], terminating: false },
    ]);
  });

  it('takes an empty list for one, and an empty file for a mistake', () => {
    expect(parseMembersFile('[]')).toEqual([]);
    expect(() => parseMembersFile('')).toThrow(
      expect.objectContaining({ code: 'MEMBERS_FILE_INVALID' }),
    );
  });

  it('names every problem', () => {
    const text = '- {name: "a b", address: 10.0.0.1}\n- {name: c, address: host}\n- {name: d}\n';

    expect(() => parseMembersFile(text)).toThrow(
      expect.objectContaining({
        code: 'MEMBERS_FILE_INVALID',
        message: expect.stringMatching(/entry 0\.name.*entry 1\.address: "host".*entry 2\.address/),
      }),
    );
  });

  it.each(['- {name: a', 'members: []', '"text"', '- &a *a'])('refuses %s', (text) => {
    expect(() => parseMembersFile(text)).toThrow(
      expect.objectContaining({ code: 'MEMBERS_FILE_INVALID' }),
    );
  });
});
