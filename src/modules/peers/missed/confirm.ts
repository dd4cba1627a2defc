import { sleep } from '../../../clock.ts';
import type { SidecarConfig } from '../../../config/values.ts';
import type { Confirm } from '../../../engine/readiness.ts';
import type { Log } from '../../../log.ts';
import type { Self } from '../../../model/member.ts';
import { askStatus } from '../../../telemetry/ask-status.ts';
import type { Recorder } from '../../../telemetry/event-recorder.ts';
import type { MetricsOf } from '../../../telemetry/metrics.ts';
import type { StatusBoard } from '../../../telemetry/status-board.ts';
import type { peersMetrics } from '../metrics.ts';
import { createRepair, type RepairOptions } from './missed.ts';

export interface ConfirmOptions extends Pick<RepairOptions, 'cure'> {
  readonly config: SidecarConfig;
  readonly self: Self;
  readonly board: StatusBoard;
  readonly metrics: MetricsOf<typeof peersMetrics>;
  readonly events: Recorder;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** HAProxy is about to learn anew. */
  readonly onRepairing: () => void;
  /** Whether it became ready without what siblings hold, or may hold. */
  readonly onIncomplete: (incomplete: boolean) => void;
}

/** Compares our tables with those of siblings over their `/status`, which listens on the same port everywhere. */
export function confirmWith(options: ConfirmOptions): (() => Confirm) | undefined {
  const { config, board, events, metrics, log, now, cure = 'hard-reload' } = options;
  if (config.dryRun) return undefined;
  const { port } = config.listen;
  return () =>
    createRepair({
      self: options.self,
      mode: config.mode,
      compares: config.repair,
      limitMs: config.repairLimit,
      // HAProxy tries again to connect after 5 s.
      connectLimitMs: 6000,
      own: () => board.status('fresh'),
      sleep: (ms, stop) => sleep(ms, stop),
      ask: ({ address, name }, signal) =>
        askStatus(address, port, { timeoutMs: 1000, signal, name }),
      cure,
      log,
      now,
      onReload(reasons) {
        options.onRepairing();
        events.record({ reason: 'ResyncMissed', message: reasons.join('; ') });
      },
      onSilence: (reasons) =>
        events.record({ reason: 'SiblingsUnheard', message: reasons.join('; ') }),
      onOutcome(outcome, reasons) {
        const incomplete = outcome !== 'complete' && outcome !== 'repaired';
        options.onIncomplete(incomplete);
        if (outcome === 'unmet')
          events.record({ reason: 'SiblingsUnheard', message: reasons.join('; ') });
        if (outcome === 'complete' || outcome === 'unmet') return;
        metrics.repairs.inc({ outcome: incomplete ? 'missed' : outcome });
        events.record(
          incomplete
            ? { reason: 'JoinedWithoutHistory', message: reasons.join('; ') }
            : { reason: 'ResyncRepaired', message: `tables learned after a ${cure}` },
        );
      },
    });
}
