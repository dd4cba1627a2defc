import { type Membership, unknownMembership } from '../../src/model/membership.ts';
import type { Source } from '../../src/sources/source.ts';

export interface SettableSource extends Source {
  set(membership: Membership): void;
}

/** A source whose snapshot the test sets: for the core, which knows sources by their interface only. */
export function settableSource(initial: Membership = unknownMembership('not set')): SettableSource {
  let current = initial;
  const pokes: (() => void)[] = [];
  return {
    name: 'settable',
    start() {},
    snapshot: () => current,
    onChange: (poke) => void pokes.push(poke),
    stopped: () => Promise.resolve(),
    set(membership) {
      current = membership;
      for (const poke of pokes) poke();
    },
  };
}
