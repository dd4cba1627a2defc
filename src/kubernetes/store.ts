import type { Named, Resource } from './kind.ts';

/** The objects as last heard of, by name. Each write says whether it made a difference. */
export interface Store<Facts> {
  readonly size: number;
  all(): Iterable<Facts>;
  replace(objects: ReadonlyMap<string, Facts>): boolean;
  put(facts: Facts): boolean;
  remove(name: string): boolean;
}

export function createStore<Facts extends Named>({ same }: Resource<Facts>): Store<Facts> {
  let objects = new Map<string, Facts>();

  function has(facts: Facts): boolean {
    const known = objects.get(facts.name);
    return known !== undefined && same(known, facts);
  }

  return {
    get size() {
      return objects.size;
    },
    all: () => objects.values(),
    replace(next) {
      const equal = next.size === objects.size && [...next.values()].every(has);
      if (!equal) objects = new Map(next);
      return !equal;
    },
    put(facts) {
      if (has(facts)) return false;
      objects.set(facts.name, facts);
      return true;
    },
    remove: (name) => objects.delete(name),
  };
}
