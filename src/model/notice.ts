/**
 * Every Event that this program writes on its pod, with what docs/events.md and docs/operations.md say of it. Reasons
 * are stable: people alert on them.
 */
export const noticeReasons = {
  JoinUnconfirmed: {
    type: 'Warning',
    meaning:
      'HAProxy starts although not every running peer knows this pod: `--join-timeout` is over, or a peers port drops packets. Entries that only those peers hold may be missing here.',
    advice:
      'Check the sidecars of the peers that the message names, and NetworkPolicies on the peers port.',
  },
  SiblingsLeftOut: {
    type: 'Warning',
    meaning:
      'The selector leaves out running replicas of the same workload (`SIBLINGS_LEFT_OUT`). If no other peer runs, this pod does not start, or does not become ready, because its tables would be empty.',
    advice:
      'Give `--selector` labels that old and new replicas have: those of the `spec.selector` of their owner. If they are left out on purpose: `--allow-left-out`.',
  },
  LookalikesLeftOut: {
    type: 'Warning',
    meaning:
      'Running pods have labels of the same application and are not peers (`LOOKALIKES_LEFT_OUT`): nothing is shared with them.',
    advice:
      'Give `--selector` labels that they have too. If they should not be peers, give them another application label.',
  },
  SiblingsUnheard: {
    type: 'Warning',
    meaning:
      'Peers that may hold entries are neither connected to this pod nor answer on the port of `/status` (`SIBLINGS_UNHEARD`). It is not ready until one of them answers or `--repair-limit` is over (6 s if they are not ready themselves). Then it becomes ready, perhaps with empty tables.',
    advice:
      'Open the peers port and port 8405 between all replicas, old and new, while the old ones exist. During a rollout: `kubectl rollout pause`, or `undo`.',
  },
  ResyncMissed: {
    type: 'Warning',
    meaning:
      'Peers hold entries that this pod has not learned at its start. It is not ready yet, and a hard-reload makes HAProxy learn them again.',
    advice:
      'Nothing if ResyncRepaired follows. If it happens often, find out why the peers did not know the pod in time.',
  },
  ResyncRepaired: {
    type: 'Normal',
    meaning: 'The tables that were missed have been learned; the pod becomes ready.',
    advice: 'Nothing.',
  },
  JoinedWithoutHistory: {
    type: 'Warning',
    meaning:
      'This pod serves without entries that peers hold (`RESYNC_MISSED`), or may hold (`SIBLINGS_UNHEARD`): it could not be repaired.',
    advice: 'Delete the pod while a peer still holds the entries: the new pod learns them.',
  },
  ChangeWaiting: {
    type: 'Warning',
    meaning:
      'A difference between the members and the peers section has waited for longer than `--waiting-limit`. Dead peers that wait for `--removal-delay` do not count.',
    advice:
      'The message has the reasons, and so do `status` and `/status`. New pods wait until it is applied.',
  },
  ReloadRefused: {
    type: 'Warning',
    meaning:
      'HAProxy, or the Data Plane API, refuses the changed configuration (`RELOAD_FAILED`, `DATAPLANE_REJECTED`). The previous configuration stays in force.',
    advice: 'The message quotes the alert. Fix the line that it names in the template.',
  },
  TemplateRefused: {
    type: 'Warning',
    meaning:
      'The template or a followed file has changed, and is not put in force: HAProxy or the Data Plane API refuses it, it cannot be rendered, stick tables would lose entries (`TEMPLATE_LOSES_ENTRIES`), or haproxy.cfg was changed by hand or by another program (`TEMPLATE_CONFLICT`). HAProxy keeps the configuration it has.',
    advice:
      'The message quotes the reason, or the alert of HAProxy. Fix the template: a pod that starts now would not start with it.',
  },
  TemplateApplied: {
    type: 'Normal',
    meaning: 'A changed template or followed file is in force, after one reload.',
    advice: 'Nothing.',
  },
  PeersApart: {
    type: 'Warning',
    meaning:
      'With `--mode relay`: replicas that run have had no session with this one for longer than `--waiting-limit`. What is written on one does not reach the other.',
    advice:
      'The message says for each whether there is no link between the sidecars (port, key, certificates), or no session over it (HAProxy, slots). `doctor` looks at all of them.',
  },
  SlotsExhausted: {
    type: 'Warning',
    meaning:
      'With `--mode relay`: there are more replicas than slots in haproxy.cfg, and nothing is shared with the one that the message names.',
    advice: 'Give init and run more `--relay-slots`, and roll the workload out.',
  },
  SnapshotRestored: {
    type: 'Normal',
    meaning:
      'With `--snapshot`: nobody held entries, so HAProxy of this pod was taught from the file that the message names. What was written after that snapshot is lost.',
    advice: 'Find out why all replicas were gone, if that was not intended.',
  },
  SnapshotRefused: {
    type: 'Warning',
    meaning:
      'With `--snapshot`: a file cannot be restored, and an older one is looked for. The message has the reason: it is torn, damaged, encrypted with another key, of a later version, of another set, or no snapshot.',
    advice:
      'Remove what does not belong there. If it is encrypted with another key, put that into the second line of `--snapshot-key-file`.',
  },
  SnapshotNotRestored: {
    type: 'Warning',
    meaning:
      'With `--snapshot`: HAProxy did not take a snapshot that could have been restored. If no older one could be, this pod starts with empty tables.',
    advice:
      'The message has the reason. The file is still there: keep a copy before it is replaced.',
  },
  BackendHeld: {
    type: 'Warning',
    meaning:
      'With `--backend`: endpoints of a Service are no servers of the backend that the message names, because HAProxy refuses them, cannot be trusted with them, or has no such backend, or because a slice has no such port.',
    advice:
      'The message has the reason, or the answer of HAProxy. The other endpoints are served, and it is tried again.',
  },
  ReconcileFailing: {
    type: 'Warning',
    meaning:
      'Members and section could not be compared for longer than `--waiting-limit`: the message has the error code.',
    advice: 'Look up the code in errors.md. HAProxy keeps serving with the peers it knows.',
  },
} as const satisfies Readonly<Record<string, NoticeDefinition>>;

export interface NoticeDefinition {
  readonly type: 'Normal' | 'Warning';
  readonly meaning: string;
  readonly advice: string;
}

export type NoticeReason = keyof typeof noticeReasons;

/** What an operator must know of this pod. */
export interface Notice {
  readonly reason: NoticeReason;
  readonly message: string;
}
