/** Every error code with the advice that docs/errors.md prints. Codes are stable: people search for them. */
export const errorCodes = {
  CONFIG_INVALID: 'One or more options are wrong. The message lists all of them.',
  SELF_UNKNOWN:
    'The pod does not know its own name or address. Set POD_NAME and POD_IP through the downward API.',
  SELECTOR_EMPTY:
    'The pod has no controller, and no label that names its application, so its peers cannot be found. Give --selector.',
  SIBLINGS_LEFT_OUT:
    'Running replicas of the same workload are not selected, so nothing is shared with them. Give --selector labels that old and new replicas have: those of the spec.selector of their owner.',
  LOOKALIKES_LEFT_OUT:
    'Pods with the labels of the same application are not selected, so nothing is shared with them. Give --selector labels that they have too, or give them another name.',
  MEMBERS_FILE_INVALID:
    'The members file is not a list of name and address. The last good list stays in force.',
  KUBERNETES_FORBIDDEN:
    'The API server refuses what the message says, to list or watch pods as a rule. Add the Role and RoleBinding that the message names.',
  KUBERNETES_UNREACHABLE:
    'The API server does not answer. The sidecar keeps the peers it knows and tries again.',
  KUBERNETES_UNAUTHORIZED:
    'The API server does not accept the token. The sidecar reads it again and retries. Does the service account still exist?',
  KUBERNETES_BAD_ANSWER:
    'The answer is not that of a Kubernetes API server. Is another program listening on that address?',
  DNS_UNREACHABLE:
    "DNS does not answer for the name of --dns. The sidecar keeps the peers it knows and asks again. Compare the name with the Service, and look at the pod's dnsPolicy.",
  PEERS_TLS_INVALID:
    'Certificate, key or CA for TLS between peers, or between sidecars with --relay-trust certificates, cannot be used. The message says all that is wrong. init does not start HAProxy with them, and run keeps what it has read before.',
  RELAY_KEY_INVALID:
    'The file of --relay-key-file is missing, or its key cannot be used. The message lists everything that is wrong. Create the Secret once for all replicas, and mount it. With --relay-plaintext or --relay-trust certificates there is no key.',
  SNAPSHOT_FAILED:
    'No snapshot could be written. The message says why: is the directory of --snapshot there, writable, and has free space? Earlier snapshots are as they were, and the sidecar tries again after --snapshot-interval.',
  SNAPSHOT_REFUSED:
    'The command snapshot could not do what was asked, or was broken off. The message says why. What HAProxy holds is as it was, but for entries that were restored by then.',
  SNAPSHOT_KEY_INVALID:
    'The file of --snapshot-key-file is missing, or its key cannot be used. Create a Secret with the output of `openssl rand -base64 32`, and mount it.',
  TEMPLATE_REJECTED: 'HAProxy refuses the rendered configuration. The message quotes its alerts.',
  TEMPLATE_CONFLICT:
    'The template has changed, and haproxy.cfg was also changed by hand or by another program since it was rendered, so one of the two changes would be lost. Add those lines to the template, undo them, or delete the pod: a new pod starts with the template.',
  TEMPLATE_LOSES_ENTRIES:
    'With the changed template HAProxy would lose entries of a stick table, so it is not put in force. Leave the table as it is, or name it in a comment of the template if its entries may be lost (template.md). The sidecar tries again when the table is empty.',
  FILE_READ_FAILED:
    'A file cannot be read. Check that it is mounted and readable by the user of the container.',
  FILE_WRITE_FAILED:
    'A file cannot be written. The volume must be writable and have free space. Nothing was changed.',
  DATAPLANE_UNREACHABLE:
    'The Data Plane API does not answer in time. Is it running, and on that address?',
  DATAPLANE_UNAUTHORIZED:
    'The Data Plane API refuses user or password. Compare the password file with the userlist that dataplaneapi.yml names, or with the one in haproxy.cfg.',
  DATAPLANE_CONFLICT:
    'Another client changed the configuration at the same time. The sidecar reads it again and retries.',
  DATAPLANE_BUSY:
    'The Data Plane API has reached its limit of open transactions. The sidecar removes its own abandoned transactions and retries.',
  DATAPLANE_REJECTED:
    'The Data Plane API, or HAProxy through it, refuses the change. The message quotes the reason.',
  DATAPLANE_BAD_ANSWER:
    'The answer is not that of a Data Plane API. Is another program listening on that address?',
  PEER_REFUSED:
    'The name or address of a new peer has invalid characters. Nothing was written. Find out who can write to the source of the members (EndpointSlices, members file), and report this: such a member should have been ignored earlier.',
  SECTION_MISSING: 'The peers section does not exist and cannot be created safely.',
  AGGREGATE_INVALID:
    'With --aggregate haproxy.cfg has no section aggregate, or tables in it of which sums would be wrong. The message lists all of them with their lines; docs/aggregate.md has a complete example.',
  SECTION_UNMODELLED:
    'haproxy.cfg has lines that a write by the Data Plane API would lose or move. Nothing is written until you rewrite or remove them, or run the sidecar with --applier direct. The message names the lines, and says whether the Data Plane API must be restarted, too.',
  HAPROXY_UNREACHABLE:
    'A socket of HAProxy does not answer. Is HAProxy running, and is the socket on the shared volume?',
  RELOAD_FAILED: 'HAProxy refused to reload. The previous configuration stays in force.',
  RESYNC_MISSED:
    'Peers hold entries that this pod has not learned, and it could not be repaired. It serves without them. Delete the pod while a peer still holds them: the new pod learns them.',
  SIBLINGS_UNHEARD:
    'Peers that may hold entries are neither connected nor answer, so it is not known what is missing here. Open the peers port and the port of /status between all replicas, old and new. Common causes: NetworkPolicies, or another port in the template.',
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
