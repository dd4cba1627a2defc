import { describe, expect, it } from 'vitest';
import { membersFromAddresses, nameOfAddress } from '../../../src/sources/addresses.ts';

describe('peers that are named after their addresses', () => {
  it.each([
    ['10.0.0.5', 'peer-10-0-0-5'],
    ['fd00:0:0::5', 'peer-fd00--5'],
    ['FD00::5', 'peer-fd00--5'],
  ])('calls %s %s', (address, name) => {
    expect(nameOfAddress(address)).toBe(name);
  });

  it('has one member for each address, ourselves included', () => {
    const self = { name: nameOfAddress('10.0.0.2'), address: '10.0.0.2' };

    const { members, notes } = membersFromAddresses(['10.0.0.10', '10.0.0.2'], self, 'haproxy');

    expect(members.map(({ name }) => name)).toEqual(['peer-10-0-0-10', 'peer-10-0-0-2']);
    expect(notes).toEqual([]);
  });

  it('says what a name without addresses may mean', () => {
    const self = { name: nameOfAddress('10.0.0.2'), address: '10.0.0.2' };

    const { members, notes } = membersFromAddresses([], self, 'haproxy');

    expect(members).toEqual([]);
    expect(notes.join()).toMatch(/haproxy has no address, not even the address of this pod/);
  });
});
