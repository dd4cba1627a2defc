/** A server of a backend as it is wanted. */
export interface WantedServer {
  /** Of the pod, else `ip-port`. */
  readonly name: string;
  /** 1 … 2^31-1, the same on every replica. */
  readonly id: number;
  /** IPv4 or IPv6. */
  readonly address: string;
  readonly port: number;
  /** 0: drains; 1 … 256. */
  readonly weight: number;
  readonly state: 'up' | 'drain' | 'maint';
}

/** A backend with all servers that its Service gives it. */
export interface WantedBackend {
  readonly name: string;
  readonly servers: readonly WantedServer[];
}
