/** How the text of an option becomes a value. */
export type OptionType =
  | 'string'
  | 'boolean'
  | 'integer'
  /** A whole number from 1: something is divided by it. */
  | 'rate'
  | 'port'
  | 'duration'
  | 'list'
  | 'listen'
  | 'dataplane-address'
  /** A label selector, without surrounding space. */
  | 'selector'
  | readonly string[];

/** What a first set-up needs, what TLS between the peers, relay mode, snapshots, backends and sums need, and what the defaults suit. */
export type OptionGroup =
  | 'basic'
  | 'tls'
  | 'relay'
  | 'snapshot'
  | 'backends'
  | 'aggregate'
  | 'tuning';

export type CommandName = 'init' | 'run' | 'backends' | 'status' | 'doctor' | 'snapshot';

/** doctor reads the options of init and run. */
export const sidecar = ['init', 'run', 'doctor'] as const;
/** backends looks after one HAProxy as the sidecar does, without the peers. */
export const sidecarAndBackends = [...sidecar, 'backends'] as const;
export const everywhere = ['init', 'run', 'status', 'doctor'] as const;
/** snapshot works in the pod of a sidecar, as it does. */
export const sidecarAndSnapshot = [...sidecar, 'snapshot'] as const;
export const all = [...everywhere, 'backends', 'snapshot'] as const;

/** One option, declared once: flags, environment, help, validation, masking and docs/flags.md come from here. */
export interface Option {
  /** Kebab case: `--name`, and `HAPROXY_PEER_SYNC_NAME` in the environment. */
  readonly name: string;
  readonly type: OptionType;
  /** `n` for `-n`, where kubectl has it. */
  readonly short?: string;
  readonly default?: string;
  /** Further environment variables, looked at after `HAPROXY_PEER_SYNC_…`, e.g. those of the downward API. */
  readonly env?: readonly string[];
  /** What this option was called before: still accepted as a flag and as an environment variable, with a hint. */
  readonly formerly?: readonly string[];
  /** Flags of earlier tools that mean the same; accepted with a hint. */
  readonly deprecatedFlags?: readonly string[];
  /** Of a duration: what is shorter would have the program ask without a pause. Missing: 0. */
  readonly least?: string;
  /** Under which heading the help has it; missing: basic. */
  readonly group?: OptionGroup;
  readonly secret?: true;
  readonly description: string;
  readonly commands: readonly CommandName[];
}
