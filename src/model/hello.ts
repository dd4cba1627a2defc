/** Answers to the hello of the peers protocol (haproxy src/peers.c, status codes of the handshake). */
export type HelloOutcome =
  /** 200: it knows this pod. */
  | 'known'
  /** 300: it knows this pod and is busy with another session of it. */
  | 'busy'
  /** It knows this pod, and has not finished its own resync: what it would teach is a part. */
  | 'learning'
  /** 504: it does not know this pod yet. */
  | 'unknown-to-it'
  /** 503: another peer has that address now. */
  | 'wrong-name'
  /** Nothing listens there: its HAProxy has not started, or has ended. */
  | 'refused'
  /** It runs, but no TLS session could be made: it speaks no TLS, or one side refuses the other's certificate. */
  | 'tls-failed'
  | 'no-answer';
