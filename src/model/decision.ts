/** Why a change is not made now, in one word for metrics: few, stable, and without a name in them. */
export const holdCodes = {
  'members-unknown': 'the source has not told who the members are',
  'self-missing': 'the members do not include this pod',
  'section-style': 'the section has bind and server lines, but none for this pod',
  'own-name-unknown': 'the line of this pod is written with a variable that is not set here',
  'section-unencrypted': 'the section does not ask for certificates although --peers-tls is on',
  'section-unmodelled': 'a write would lose lines of the section',
  'haproxy-down': 'HAProxy does not answer on its admin socket',
  'section-not-running': 'HAProxy runs without the section',
  'section-not-loaded': 'HAProxy has not loaded peers that are in haproxy.cfg',
  'localpeer-mismatch': 'the localpeer of HAProxy is not this pod',
  'resync-pending': 'this replica has not finished its resync',
  'resync-unreadable': 'the answer to `show peers` cannot be read',
  burst: 'more changes may follow',
  awaited: 'pods are about to get an address',
  'removal-delay': 'only dead or moved peers: they wait for --removal-delay, by design',
  'moved-connected': 'only moved peers that are connected: they wait for another change, by design',
  'lazy-request': 'not urgent: waits for another reload, by design',
  'reload-interval': 'the last reload is too recent',
  'siblings-away': 'peers are not connected again since the last reload',
  turn: 'peers reload first',
  'not-connected': 'a peer that was connected before is not connected now',
  'siblings-behind': 'a peer has not yet received what was written here',
  'lesson-running': 'a lesson is given or taken',
  backoff: 'the last attempt failed',
} as const;

export type HoldCode = keyof typeof holdCodes;

/** Waits that are right however long they last: they do no harm, and end by themselves. */
export const patientCodes: ReadonlySet<HoldCode> = new Set([
  'removal-delay',
  'moved-connected',
  'lazy-request',
]);

/** What to do now, and why, in words for the log. */
export type Decision =
  | { readonly kind: 'none'; readonly reasons: readonly string[] }
  | {
      readonly kind: 'apply';
      /** A reload hands the tables over to the new worker, a hard-reload does not. */
      readonly via: 'reload' | 'hard-reload';
      readonly reasons: readonly string[];
    }
  /** Allowed later: check again at `untilMs` (milliseconds, monotonic) or when something changes. */
  | {
      readonly kind: 'wait';
      readonly untilMs: number;
      readonly reasons: readonly string[];
      readonly codes: readonly HoldCode[];
      /** Since when nothing but the turn of this replica is waited for; missing: something else is. */
      readonly dueMs?: number;
    }
  /** Not allowed before something changes: there is no time at which to check again. */
  | {
      readonly kind: 'hold';
      readonly reasons: readonly string[];
      readonly codes: readonly HoldCode[];
    };
