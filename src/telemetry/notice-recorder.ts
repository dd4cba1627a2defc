import { dateOf, monotonicNow, sleep } from '../clock.ts';
import type { SidecarConfig } from '../config/values.ts';
import type { Observer } from '../engine/reporter.ts';
import { connectWith } from '../kubernetes/connection.ts';
import type { Log } from '../log.ts';
import type { Membership } from '../model/membership.ts';
import { listed } from '../sources/choose-members.ts';
import {
  createRecorder,
  type Recorder,
  type RecorderOptions,
  silentRecorder,
} from './event-recorder.ts';
import { type Heard, type NoticeState, nothingHeard, noticed } from './notices.ts';

export interface RecorderContext {
  readonly config: SidecarConfig;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onOutcome?: NonNullable<RecorderOptions['onOutcome']>;
}

/** The recorder that --events asks for. Nothing is contacted before there is something to say. */
export function recorderFor({ config, log, signal, onOutcome }: RecorderContext): Recorder {
  const { events: mode, namespace, podName, podUid } = config;
  const wanted = mode === 'on' || config.source === 'kubernetes';
  const dryRun = config.command === 'run' && config.dryRun;
  if (mode === 'off' || !wanted || dryRun || namespace === undefined) return silentRecorder;
  return createRecorder({
    mode,
    pod: { namespace, name: podName, uid: podUid },
    connect: connectWith(config.kubeconfig),
    log,
    now: monotonicNow,
    dateOf,
    sleep: (ms, stop) => sleep(ms, stop),
    signal,
    ...(onOutcome === undefined ? {} : { onOutcome }),
  });
}

/** Tells the recorder which pods the selector leaves out, when these have changed. */
export function leftOutNotices(members: () => Membership, recorder: Recorder): () => void {
  let said = '';
  return () => {
    const { leftOut } = members();
    const text = JSON.stringify([leftOut?.replicas ?? [], leftOut?.alike ?? []]);
    if (text === said) return;
    said = text;
    const { replicas = [], alike = [] } = leftOut ?? {};
    if (replicas.length > 0)
      recorder.record({
        reason: 'SiblingsLeftOut',
        message: `the selector leaves out running replicas of the same workload: ${listed(replicas)}`,
      });
    if (alike.length > 0)
      recorder.record({
        reason: 'LookalikesLeftOut',
        message: `the selector leaves out pods of the same application: ${listed(alike)}`,
      });
  };
}

/** Tells the recorder what lasts too long and what was refused. */
export function noticeWith(recorder: Recorder, limitMs: number, now: () => number): Observer {
  let state: NoticeState = nothingHeard;

  function hear(heard: Heard): void {
    const next = noticed(state, heard, limitMs, now());
    state = next.state;
    if (next.notice !== null) recorder.record(next.notice);
  }

  return {
    pass: ({ decision, plan }) => hear({ kind: 'pass', decision, pending: pendingOf(plan) }),
    applied: () => hear({ kind: 'applied' }),
    failed: (code, reason) => hear({ kind: 'failed', code, reason }),
    ready() {},
  };
}

/** A hold has no changes: its reasons are those of the decision. */
function pendingOf(plan: { readonly kind: string; readonly reasons: readonly string[] }) {
  return plan.kind === 'changes' ? plan.reasons : [];
}
