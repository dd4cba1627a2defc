/** Of the port of a Service, as a slice has it. */
export interface SlicePort {
  /** Empty: the Service has one port without a name. */
  readonly name: string;
  /** Null: any (a slice that was made by hand). */
  readonly port: number | null;
  readonly protocol: string;
}

/** What may be said of an endpoint; a condition that is missing is what the API says it then means. */
export interface SliceEndpoint {
  readonly addresses: readonly string[];
  /** Missing in the object: true. */
  readonly ready: boolean;
  /** Missing in the object: as `ready`. */
  readonly serving: boolean;
  readonly terminating: boolean;
  /** Null: it names no pod. */
  readonly pod: { readonly name: string; readonly uid: string | null } | null;
  /** Where it runs; null: the slice does not say. */
  readonly node: string | null;
  /** Zones whose clients it is for; null: no hint. */
  readonly forZones: readonly string[] | null;
}

/** The facts of an EndpointSlice (discovery.k8s.io/v1) that matter here. */
export interface Slice {
  readonly name: string;
  /** Of two slices, the one with the higher number was written later. */
  readonly resourceVersion: string;
  /** `IPv4`, `IPv6` or `FQDN`. */
  readonly addressType: string;
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
}

/**
 * Whether nothing was said anew. The version counts: replicas that have listed at different moments must know the same of two
 * slices that contradict each other.
 */
export function sameSlice(left: Slice, right: Slice): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
