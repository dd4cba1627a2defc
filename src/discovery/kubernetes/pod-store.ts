import { type PodFacts, samePod } from '../pods.ts';

/** The pods as last heard of, by name. Each write says whether it made a difference. */
export interface PodStore {
  readonly size: number;
  all(): Iterable<PodFacts>;
  replace(pods: ReadonlyMap<string, PodFacts>): boolean;
  put(pod: PodFacts): boolean;
  remove(name: string): boolean;
}

export function createPodStore(): PodStore {
  let pods = new Map<string, PodFacts>();

  function has(pod: PodFacts): boolean {
    const known = pods.get(pod.name);
    return known !== undefined && samePod(known, pod);
  }

  return {
    get size() {
      return pods.size;
    },
    all: () => pods.values(),
    replace(next) {
      const same = next.size === pods.size && [...next.values()].every(has);
      if (!same) pods = new Map(next);
      return !same;
    },
    put(pod) {
      if (has(pod)) return false;
      pods.set(pod.name, pod);
      return true;
    },
    remove: (name) => pods.delete(name),
  };
}
