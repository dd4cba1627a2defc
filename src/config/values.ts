import type { DataplaneAddress } from '../model/dataplane-address.ts';
import type { CommandName } from '../model/option.ts';
import type { Listen } from './listen.ts';
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

/** Where the members are read, and what that needs. */
export type MembersFrom =
  | { readonly kind: 'kubernetes'; readonly namespace: string }
  | { readonly kind: 'service'; readonly namespace: string; readonly service: string }
  | { readonly kind: 'dns'; readonly dns: string }
  | { readonly kind: 'file'; readonly membersFile: string };

export type SidecarCommand = Exclude<CommandName, 'status' | 'snapshot' | 'backends'>;

/** Of the commands that run in the pod: they know whose they are, and where the siblings are found. */
export type SidecarConfig = Config & {
  readonly command: SidecarCommand;
  readonly podName: string;
  readonly podIp: string;
  readonly members: MembersFrom;
};

export type InitConfig = SidecarConfig & { readonly template: string };

interface ConfigOf {
  readonly init: InitConfig;
  readonly run: SidecarConfig;
  readonly backends: Config;
  readonly doctor: SidecarConfig;
  readonly status: Config;
  readonly snapshot: Config;
}

/** What a command is given: nothing that it needs can be missing. */
export type ConfigFor<C extends CommandName> = ConfigOf[C];

export type OptionName = Entry['name'];

/** `peersPort` for `peers-port`. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
