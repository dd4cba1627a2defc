import type { Variables } from '../config-text/config-text.ts';
import type { ContainerInput } from '../config-text/container-lines.ts';
import type { TableState } from '../haproxy/show-table.ts';
import type { DataplaneAddress } from '../model/dataplane-address.ts';
import type { HelloOutcome } from '../model/hello.ts';
import type { Self } from '../model/member.ts';
import type { LeftOut } from '../model/membership.ts';
import type { PeersState } from '../model/peers-state.ts';

/** Something that was looked at: its value, or why there is none. */
export type Looked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string; readonly code?: string; readonly hint?: string };

export interface PodFact {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly terminating: boolean;
}

/** This pod, as the API server has it. */
export interface OwnPodFact {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** In their order. */
  readonly initContainers: readonly string[];
  readonly containers: readonly string[];
  readonly ports: readonly { readonly name: string | undefined; readonly port: number }[];
  readonly graceSeconds: number;
}

/** A Service that selects this pod. */
export interface ServiceFact {
  readonly name: string;
  readonly type: string;
  readonly headless: boolean;
  readonly ports: readonly {
    readonly port: number;
    /** Number or name of a port of the pod. */
    readonly target: number | string;
  }[];
}

export interface SiblingFact {
  readonly name: string;
  readonly address: string;
  readonly hello: HelloOutcome;
  /** Null: its sidecar does not tell. */
  readonly status: {
    readonly version: string;
    readonly haproxy: string | null;
    readonly tables: readonly {
      readonly name: string;
      /** Absent: told by a sidecar that does not say. */
      readonly type?: string | undefined;
      readonly size: number;
      readonly shared: boolean;
    }[];
  } | null;
}

/** Everything that the checks look at, as it was found. */
export interface Facts {
  readonly self: Self;
  readonly podName: string;
  /** Version of this program. */
  readonly version: string;
  /** What names in haproxy.cfg may be expanded with. Never shown. */
  readonly env: Variables;
  /** The users that the containers run as, and the volumes they share. */
  readonly container: ContainerInput;
  readonly options: {
    readonly peersSection: string;
    readonly peersPort: number;
    readonly configFile: string;
    readonly passwordFile: string;
    readonly dataplaneConfig: string;
    readonly dataplaneUrl: DataplaneAddress;
    readonly dataplaneUser: string;
    readonly userlist: string;
    readonly masterSocket: string;
    readonly adminSocket: string;
    readonly namespace: string;
    readonly usesDataplane: boolean;
    readonly usesKubernetes: boolean;
    readonly allowLeftOut?: boolean;
    readonly statusPort: number;
    /** How long init waits for its siblings, in milliseconds. */
    readonly joinTimeoutMs?: number;
    /** Of --dns. */
    readonly dnsIntervalMs?: number;
  };
  readonly selector: Looked<string>;
  /** --selector, the owner of the pod, or the labels that name the application. */
  readonly selectorFrom?: 'given' | 'owner' | 'application' | 'workload' | undefined;
  /** Pods that the selector leaves out; undefined: none, or it cannot be told. */
  readonly leftOut?: LeftOut | undefined;
  /** The pods of the selector, and how far the clock of the API server is ahead of ours, in milliseconds. */
  readonly pods: Looked<{ readonly pods: readonly PodFact[]; readonly skewMs: number | null }>;
  /** All addresses of this pod, where they are told. */
  readonly ownAddresses?: readonly string[];
  /** Missing: the API server is not asked. */
  readonly ownPod?: Looked<OwnPodFact> | undefined;
  /** Those that select this pod. Missing: the API server is not asked. */
  readonly services?: Looked<readonly ServiceFact[]> | undefined;
  /** For how long a server of --dns keeps what it knows of the name. Missing: another source. */
  readonly dns?: Looked<{ readonly ttlSeconds: number }> | undefined;
  readonly configText: Looked<string>;
  /** The file that init writes for the Data Plane API's user, when that is not in haproxy.cfg. */
  readonly usersText?: Looked<string>;
  readonly dataplaneYml: Looked<string>;
  /** The mode is that of the file: 0o600. */
  readonly password: Looked<{ readonly text: string; readonly mode: number }>;
  /** `api` is what the Data Plane API calls itself, e.g. `v3.4.2 1a2b3c4`; versions are those of the configuration. */
  readonly dataplane: Looked<{
    readonly api: string;
    readonly inMemory: string;
    readonly onDisk: string;
  }>;
  readonly master: Looked<{ readonly failedReloads: number }>;
  readonly admin: Looked<{
    readonly version: string;
    readonly level: string;
    readonly peers: PeersState | null;
    readonly tables: readonly TableState[];
  }>;
  /** What a hello to our own peers port came to: HAProxy answers `wrong-name` or the like, whoever asks. */
  readonly ownPort: HelloOutcome;
  readonly siblings: readonly SiblingFact[];
  /** The certificates of the peers, and how long they are good for, in milliseconds. Missing: --peers-tls is off. */
  readonly tls?: Looked<{ readonly endsInMs: number }> | null;
}

export interface Finding {
  readonly check: string;
  readonly level: 'ok' | 'warning' | 'failure';
  /** What is the matter, and why it matters; for ok what was seen. */
  readonly what: string;
  /** The command, or the line of a manifest, that mends it. */
  readonly mend?: string;
}

export type Check = (facts: Facts) => readonly Finding[];

/** The checks of one module, by when one would look. */
export interface Checks {
  readonly cluster?: readonly Check[];
  readonly files?: readonly Check[];
  readonly running?: readonly Check[];
}

export function ok(check: string, what: string): Finding {
  return { check, level: 'ok', what };
}

export function warning(check: string, what: string, mend: string): Finding {
  return { check, level: 'warning', what, mend };
}

export function failure(check: string, what: string, mend: string): Finding {
  return { check, level: 'failure', what, mend };
}
