import type { SidecarConfig } from '../../config/values.ts';
import type { GateSettings } from '../../gate/facts.ts';

/** The gate's part of the options. */
export function gateSettings(config: SidecarConfig): GateSettings {
  return {
    burstWindowMs: config.burstWindow,
    minReloadIntervalMs: config.minReloadInterval,
    removalDelayMs: config.removalDelay,
    burstLimitMs: config.burstLimit,
    staggerMs: config.stagger,
    staggerLimitMs: config.staggerLimit,
    behindUpdates: config.behindUpdates,
    handoverRate: config.handoverRate,
    updateRate: config.updateRate,
    reestablishLimitMs: config.reestablishLimit,
    unloadedLimitMs: config.unloadedLimit,
    backoffMinMs: config.failureBackoff,
    backoffMaxMs: config.failureBackoffLimit,
  };
}
