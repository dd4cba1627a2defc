import type { Variables } from '../config-text/config-text.ts';
import type { ContainerInput } from '../config-text/container-lines.ts';
import type { TableState } from '../haproxy/show-table.ts';
import type { DataplaneAddress } from '../model/dataplane-address.ts';
import type { HelloOutcome } from '../model/hello.ts';
import type { Self } from '../model/member.ts';
import type { LeftOut } from '../model/membership.ts';
import type { PeersState, ResyncState } from '../model/peers-state.ts';

/** A fact: its value, or why it could not be read. */
export type Looked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string; readonly code?: string; readonly hint?: string };

export interface PodFact {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly terminating: boolean;
}

/** This pod, as the API server knows it. */
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
  /** Of the port between the sidecars, with `--lessons`. Missing: without. */
  readonly link?: HelloOutcome | undefined;
  /** Null: its sidecar does not answer. */
  readonly status: {
    readonly version: string;
    readonly haproxy: string | null;
    readonly tables: readonly {
      readonly name: string;
      /** Absent: its sidecar does not report it. */
      readonly type?: string | undefined;
      readonly size: number;
      readonly shared: boolean;
    }[];
  } | null;
}

/** What relay mode adds. */
export interface RelayFact {
  readonly port: number;
  /** --relay-upgrade: pods in reload mode are spoken to on --peers-port. Missing: not. */
  readonly upgrade?: boolean;
  /** And with --peers-tls. */
  readonly upgradeTls?: boolean;
  /** Of --relay-slots. */
  readonly slots: number;
  readonly trust: 'key' | 'certificates' | 'plaintext';
  readonly keyFile: string;
  /** How many keys, and the mode of the file. Null: another `trust`. */
  readonly key: Looked<{ readonly count: number; readonly mode: number }> | null;
  /** What our HAProxy says to a peer that none of its slots is. Null: there is no section of this mode. */
  readonly hello: { readonly where: string; readonly outcome: HelloOutcome } | null;
  readonly ownPort: 'known' | 'refused' | 'no-answer';
}

/** What `--snapshot` adds. */
export interface SnapshotFact {
  readonly directory: string;
  readonly intervalMs: number;
  /** The date, in milliseconds since the epoch. */
  readonly nowMs: number;
  readonly keyFile: string | undefined;
  readonly folder: Looked<{
    readonly mode: number;
    readonly isWritable: boolean;
    readonly freeBytes: number;
  }>;
  /** How many keys, and the mode of the file. Null: without one. */
  readonly key: Looked<{ readonly count: number; readonly mode: number }> | null;
  /** The newest ones, newest first. */
  readonly files: Looked<
    readonly {
      readonly file: string;
      readonly replica: string;
      readonly takenAtMs: number;
      readonly bytes: number;
      /** Null: it cannot be read. */
      readonly set: string | null;
      /** Why it would not be restored. */
      readonly refused: { readonly kind: string; readonly why: string } | null;
    }[]
  >;
}

/** A backend of `--backend`. */
export interface BackendFact {
  readonly name: string;
  /** `NAMESPACE/SERVICE:PORT`. */
  readonly service: string;
  readonly endpoints: Looked<{
    readonly up: number;
    readonly drain: number;
    readonly maint: number;
    /** What was passed over in the slices, and why. */
    readonly notes: readonly string[];
  }>;
  /** Why haproxy.cfg has no such backend, or why it takes no server at run time. Null: not known. */
  readonly file: { readonly missing: string | null; readonly refuses: string | null } | null;
  /** Servers of this program in use, null: the worker has no such backend. `held`: why this version is given none. */
  readonly running: Looked<{ readonly used: number | null; readonly held: string | null }>;
}

/** Everything that the checks look at, as it was found. */
export interface Facts {
  readonly self: Self;
  /** What `localpeer` should be, where that is not the name of this peer. */
  readonly localName?: string | undefined;
  /** Missing: HAProxys talk to each other. Then `hello` of a sibling is of its relay port: whether
   * it accepts, and with `tls-failed` that the two sidecars do not know each other by key or certificate. */
  readonly relay?: RelayFact | undefined;
  /** Missing: without `--snapshot`. */
  readonly snapshot?: SnapshotFact | undefined;
  /** Missing: without `--backend`. */
  readonly backends?: readonly BackendFact[] | undefined;
  /** Missing: without `--aggregate`. */
  readonly sums?: { readonly suffix: string } | undefined;
  readonly podName: string;
  /** Version of this program. */
  readonly version: string;
  /** Values for variables in names of haproxy.cfg. Never shown. */
  readonly env: Variables;
  /** The users that the containers run as, and the volumes they share. */
  readonly container: ContainerInput;
  readonly options: {
    readonly peersSection: string;
    /** `--lessons`. */
    readonly lessons?: boolean;
    readonly relayPort?: number;
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
    /** The value of --dns-interval, in milliseconds. */
    readonly dnsIntervalMs?: number;
  };
  readonly selector: Looked<string>;
  /** --selector, the owner of the pod, or the labels that name the application. */
  readonly selectorFrom?: 'given' | 'owner' | 'application' | 'workload' | undefined;
  /** Pods that the selector leaves out; undefined: none, or it is not known. */
  readonly leftOut?: LeftOut | undefined;
  /** The pods of the selector, and how far the clock of the API server is ahead of ours, in milliseconds. */
  readonly pods: Looked<{ readonly pods: readonly PodFact[]; readonly skewMs: number | null }>;
  /** All addresses of this pod, if known. */
  readonly ownAddresses?: readonly string[];
  /** Missing: the API server is not asked. */
  readonly ownPod?: Looked<OwnPodFact> | undefined;
  /** Services that select this pod. Missing: the API server is not asked. */
  readonly services?: Looked<readonly ServiceFact[]> | undefined;
  /** How long the DNS server caches the name. Missing: another source. */
  readonly dns?: Looked<{ readonly ttlSeconds: number }> | undefined;
  readonly configText: Looked<string>;
  /** The file that init writes for the user of the Data Plane API, if that user is not in haproxy.cfg. */
  readonly usersText?: Looked<string>;
  readonly dataplaneYml: Looked<string>;
  /** The mode of the file, e.g. 0o600. */
  readonly password: Looked<{ readonly text: string; readonly mode: number }>;
  /**
   * `api` is the version text of the Data Plane API, e.g. `v3.4.2 1a2b3c4`; the other versions are those of the
   * configuration.
   */
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
    /** Of the section for sums over replicas; null: the worker has none. */
    readonly sums?: ResyncState | null;
    readonly tables: readonly TableState[];
  }>;
  /** The outcome of a hello to this pod's own peers port. HAProxy answers every client, e.g. with `wrong-name`. */
  readonly ownPort: HelloOutcome;
  readonly siblings: readonly SiblingFact[];
  /**
   * The certificates of the peers, or of the sidecars with --relay-trust certificates, and how long they are still valid, in
   * milliseconds. Missing: neither is on.
   */
  readonly tls?: Looked<{ readonly endsInMs: number }> | null;
}

export interface Finding {
  readonly check: string;
  /** `skipped`: it could not be looked at, and nothing is known to be wrong. */
  readonly level: 'ok' | 'skipped' | 'warning' | 'failure';
  /** What is the matter, and why it matters; for ok what was seen. */
  readonly what: string;
  /** The command, or the line of a manifest, that fixes it. */
  readonly mend?: string;
}

export type Check = (facts: Facts) => readonly Finding[];

/** The checks of one module, in the order in which a person would check. */
export interface Checks {
  /** They are for this mode alone; missing: for both. */
  readonly mode?: 'reload' | 'relay';
  readonly cluster?: readonly Check[];
  readonly files?: readonly Check[];
  readonly running?: readonly Check[];
}

export function ok(check: string, what: string): Finding {
  return { check, level: 'ok', what };
}

export function skipped(check: string, what: string, mend: string): Finding {
  return { check, level: 'skipped', what, mend };
}

export function warning(check: string, what: string, mend: string): Finding {
  return { check, level: 'warning', what, mend };
}

export function failure(check: string, what: string, mend: string): Finding {
  return { check, level: 'failure', what, mend };
}
