/** One worker of HAProxy, by what does not change while it runs. */
export interface Worker {
  readonly pid: number;
  /** As HAProxy has noted it at its start: compared, never reckoned with. */
  readonly startedAtSeconds: number;
}

/** The worker of HAProxy that answers on the admin socket at this moment. */
export type Running =
  /** No process listens on the admin socket. */
  | { readonly kind: 'gone' }
  /** No answer, or an answer without this information: nothing is known. */
  | { readonly kind: 'silent' }
  | {
      readonly kind: 'worker';
      readonly worker: Worker;
      /** As of `PeersState`. */
      readonly handedOver?: boolean | undefined;
    };
