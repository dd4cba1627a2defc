import type { DataplaneAddress } from '../model/dataplane-address.ts';
import type { Listen } from './listen.ts';
import type { CommandName } from './option.ts';
import type { options } from './options.ts';

type Table = typeof options;
type Entry = Table[number];

type Camel<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;

type ValueOf<T> = T extends 'boolean'
  ? boolean
  : T extends 'integer' | 'rate' | 'port' | 'duration'
    ? number
    : T extends 'list'
      ? readonly string[]
      : T extends 'listen'
        ? Listen
        : T extends 'dataplane-address'
          ? DataplaneAddress
          : T extends readonly string[]
            ? T[number]
            : string;

type Needed<E extends Entry> = E extends { readonly default: string }
  ? true
  : E['type'] extends 'list'
    ? true
    : false;

/**
 * The validated options by camel-case name: durations in milliseconds, ports 1 to 65535. Options without a
 * default are undefined when not given. Options of the other command have their defaults.
 */
export type Config = {
  readonly [E in Entry as Camel<E['name']>]: Needed<E> extends true
    ? ValueOf<E['type']>
    : ValueOf<E['type']> | undefined;
} & { readonly command: CommandName };

export type OptionName = Entry['name'];

/** `peersPort` for `peers-port`. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
