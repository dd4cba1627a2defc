import type { Candidate } from './endpoint-addresses.ts';

type Order = (left: Candidate, right: Candidate) => number;

function byText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Versions are whole numbers of any size. */
const newerFirst: Order = ({ resourceVersion: left }, { resourceVersion: right }) =>
  right.length - left.length || byText(right, left);

const moreReadyFirst: Order = (left, right) =>
  Number(right.ready) - Number(left.ready) ||
  Number(right.serving) - Number(left.serving) ||
  Number(left.terminating) - Number(right.terminating);

/** Decides where nothing else does, so that all replicas choose the same. */
const fixed: Order = (left, right) =>
  byText(left.address, right.address) ||
  left.port - right.port ||
  byText(left.owner, right.owner) ||
  byText(left.name, right.name) ||
  byText(left.node ?? '', right.node ?? '') ||
  byText(JSON.stringify(left.forZones), JSON.stringify(right.forZones));

function inOrder(...orders: readonly Order[]): Order {
  return (left, right) => {
    for (const order of orders) {
      const difference = order(left, right);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

/** The first of each group by that order. */
function firstOf(
  all: readonly Candidate[],
  key: (each: Candidate) => string,
  order: Order,
): readonly Candidate[] {
  const groups = new Map<string, Candidate>();
  for (const each of all) {
    const known = groups.get(key(each));
    if (known === undefined || order(each, known) < 0) groups.set(key(each), each);
  }
  return [...groups.values()];
}

/**
 * One candidate for each name. An endpoint that moves from one slice to another is in both for a while: the slice that was
 * written later is right. An address that two pods have, because the first one's slice is late, is the ready one's
 * (kubernetes#135334). Of a pod with two families IPv4 is used, as far as it is there.
 */
export function oneOfEach(candidates: readonly Candidate[]): readonly Candidate[] {
  const place = ({ address, port }: Candidate) => `${address} ${port}`;
  const ofOwner = firstOf(
    candidates,
    (each) => `${place(each)} ${each.owner} ${each.name}`,
    inOrder(newerFirst, moreReadyFirst, fixed),
  );
  const ofPlace = firstOf(ofOwner, place, inOrder(moreReadyFirst, newerFirst, fixed));
  return firstOf(
    ofPlace,
    ({ name }) => name,
    inOrder((left, right) => left.family - right.family, moreReadyFirst, newerFirst, fixed),
  );
}
