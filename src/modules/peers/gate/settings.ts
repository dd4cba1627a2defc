import type { SidecarConfig } from '../../../config/values.ts';
import type { PeersGateSettings } from './facts.ts';

/** The gate's part of the options. */
export function gateSettings(config: SidecarConfig): PeersGateSettings {
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

/** Retry pause after a failed pass, in milliseconds: it grows up to a quarter of the longest back-off of the gate. */
export function passRetry({ backoffMinMs, backoffMaxMs }: PeersGateSettings) {
  return { baseMs: backoffMinMs, capMs: backoffMaxMs / 4 };
}
