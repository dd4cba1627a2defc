/** Every error code with the advice that docs/errors.md prints. Codes are stable: people search for them. */
export const errorCodes = {
  CONFIG_INVALID: 'One or more options are wrong. The message lists all of them.',
  SELF_UNKNOWN:
    'The pod does not know its own name or address. Set POD_NAME and POD_IP through the downward API.',
  SELECTOR_EMPTY:
    'Nobody controls the pod, and no label names its application: who is a peer? Give --selector.',
  SIBLINGS_LEFT_OUT:
    'Running replicas of the same workload are not selected, so nothing is shared with them. Give --selector labels that old and new replicas have: those of the spec.selector of their owner.',
  LOOKALIKES_LEFT_OUT:
    'Pods with the labels of the same application are not selected, so nothing is shared with them. Give --selector labels that they have too, or give them another name.',
  MEMBERS_FILE_INVALID:
    'The members file is not a list of name and address. The last good list stays in force.',
  KUBERNETES_FORBIDDEN:
    'The API server refuses to list or watch pods. Add the Role and RoleBinding that the message names.',
  KUBERNETES_UNREACHABLE:
    'The API server does not answer. The sidecar keeps what it knows and goes on trying.',
  KUBERNETES_UNAUTHORIZED:
    'The API server does not accept the token. It is read again and tried again; is the service account still there?',
  KUBERNETES_BAD_ANSWER:
    'The API server answers with something else than expected. Is something else listening on that address?',
  DNS_UNREACHABLE:
    "DNS does not answer for the name of --dns. The sidecar keeps what it knows and goes on asking. Compare the name with the Service, and look at the pod's dnsPolicy.",
  PEERS_TLS_INVALID:
    'Certificate, key or CA for TLS between peers do not fit together. The message says which; init starts no HAProxy with them, and run keeps the ones in force.',
  TEMPLATE_REJECTED: 'HAProxy refuses the rendered configuration. The message quotes its alerts.',
  TEMPLATE_CONFLICT:
    'The template has changed, and somebody else has changed haproxy.cfg since it was rendered, so that one of both would be lost. Take those lines into the template, or undo them, or start the pod anew: the template is in force then.',
  FILE_READ_FAILED:
    'A file cannot be read. Check that it is mounted and readable by the user of the container.',
  FILE_WRITE_FAILED:
    'A file cannot be written. The volume must be writable and have room; nothing was changed.',
  DATAPLANE_UNREACHABLE:
    'The Data Plane API does not answer in time. Is it running, and on that address?',
  DATAPLANE_UNAUTHORIZED:
    'The Data Plane API refuses user or password. Compare the password file with the userlist that dataplaneapi.yml names, or with the one in haproxy.cfg.',
  DATAPLANE_CONFLICT:
    'Somebody else changed the configuration at the same time. It is read and tried again.',
  DATAPLANE_BUSY:
    'The Data Plane API has reached its limit of open transactions. Orphans of this sidecar are removed and it is tried again.',
  DATAPLANE_REJECTED:
    'The Data Plane API, or HAProxy through it, refuses the change. The message quotes the reason.',
  DATAPLANE_BAD_ANSWER:
    'The Data Plane API answers with something else than expected. Is something else listening on that address?',
  PEER_REFUSED:
    'A name or address that is to become a peer has characters that none has. Nothing was written. Find out who may write where the members come from (EndpointSlices, members file), and report this: it should have been left out before.',
  SECTION_MISSING: 'The peers section does not exist and cannot be created safely.',
  SECTION_UNMODELLED:
    'haproxy.cfg holds something that a write of the Data Plane API would lose or move. Nothing is written until it is written otherwise or removed, or the sidecar runs with --applier direct. The message names the lines, and says when the Data Plane API must be restarted, too.',
  HAPROXY_UNREACHABLE:
    'A socket of HAProxy does not answer. Is HAProxy running, and is the socket on the shared volume?',
  RELOAD_FAILED: 'HAProxy refused to reload. The previous configuration is in force again.',
  RESYNC_MISSED:
    'Peers hold entries that this pod has not learned, and it could not be repaired. It serves without them: delete the pod, so that it starts anew, while a peer holds them.',
  SIBLINGS_UNHEARD:
    'Peers that may hold entries are neither connected nor answer, so nobody can say what is missing here. Open the peers port and the port of /status between all replicas, old and new: NetworkPolicies, another port in the template.',
  BUG: 'This is a defect of haproxy-peer-sync. Please report it with the log.',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorDetails {
  /** What to do, where it can be said more precisely than in `errorCodes`. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Base of every error this program throws on purpose. The message says what happened and why. */
export class AppError extends Error {
  override readonly name: string = 'AppError';
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.hint = details.hint ?? errorCodes[code];
  }
}

/** Wrong flags, environment or files: exit code 2, no stack. */
export class UserError extends AppError {
  override readonly name = 'UserError';
}

export interface RemoteErrorDetails extends ErrorDetails {
  /** Trying the whole unit again may help. */
  readonly retryable: boolean;
  /** HTTP status, where there is one. */
  readonly status?: number;
  /** The step that failed, e.g. `begin`, `edit`, `commit`. */
  readonly stage?: string;
}

/** HAProxy, the Data Plane API or the API server failed. Never ends `run`. */
export class RemoteError extends AppError {
  override readonly name = 'RemoteError';
  readonly retryable: boolean;
  readonly status: number | undefined;
  readonly stage: string | undefined;

  constructor(code: ErrorCode, message: string, details: RemoteErrorDetails) {
    super(code, message, details);
    this.retryable = details.retryable;
    this.status = details.status;
    this.stage = details.stage;
  }
}

/** The message of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
