import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedEntries, noChanges, type PeersChanges } from '../../../../src/model/changes.ts';
import type { PeerEntry, PeersSection } from '../../../../src/model/peers-section.ts';
import type { PeerState } from '../../../../src/model/peers-state.ts';
import { provesUnloaded } from '../../../../src/modules/peers/running.ts';

const peer = (name: string, address = '192.0.2.1', port = 1): PeerEntry => ({
  name,
  address,
  port,
});

function shown(entries: readonly PeerEntry[]): PeerState[] {
  return entries.map(({ name, address, port }) => ({
    name,
    local: name === 'own',
    address: name === 'own' ? '0.0.0.0:1' : `${address}:${port}`,
    established: true,
    lastStatus: 'ESTA',
  }));
}

const changes = (part: Partial<PeersChanges>): PeersChanges => ({ ...noChanges, ...part });

describe('what a worker shows that goes on without a change', () => {
  const b = peer('b');
  const moved = peer('b', '192.0.2.2');
  it.each([
    ['an added peer is not there', changes({ add: [b] }), [], true],
    ['an added peer is there', changes({ add: [b] }), [b], false],
    ['a removed peer is there', changes({ remove: [b] }), [b], true],
    ['a removed peer is not there', changes({ remove: [b] }), [], false],
    ['a moved peer is where it was', changes({ update: [moved] }), [b], true],
    ['a moved peer is where it should be', changes({ update: [moved] }), [moved], false],
    ['one of two shows it', changes({ add: [b, peer('c')] }), [b], false],
    ['our own entry tells nothing', changes({ update: [peer('own', '192.0.2.9')] }), [], false],
    [
      'a name that is not known here tells nothing',
      changes({ add: [{ ...b, variable: 'unset' }] }),
      [],
      false,
    ],
    ['a reload without a change', noChanges, [], false],
  ] as const)('%s', (_title, change, running, unloaded) => {
    expect(provesUnloaded(change, shown([peer('own'), ...running]))).toBe(unloaded);
  });

  const names = ['a', 'b', 'c', 'd', 'e'];
  const some = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 });
  it('is what was before a change and never what is after it', () => {
    fc.assert(
      fc.property(some, some, (before, after) => {
        const entries = [peer('own'), ...before.map((name) => peer(name))];
        const section: PeersSection = {
          ...{ name: 's', exists: true, style: 'peer', entries, version: '1', obstacles: [] },
        };
        const change = changes({
          add: after.filter((name) => !before.includes(name)).map((name) => peer(name)),
          update: after
            .filter((name) => before.includes(name))
            .map((name) => peer(name, '192.0.2.7')),
          remove: before.filter((name) => !after.includes(name)).map((name) => peer(name)),
        });
        expect(provesUnloaded(change, shown(entries))).toBe(true);
        expect(provesUnloaded(change, shown(changedEntries(section, change)))).toBe(false);
      }),
    );
  });
});
