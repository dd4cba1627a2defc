import type { SidecarConfig } from '../../../config/values.ts';
import type { Module } from '../../../engine/module.ts';
import { replaceCertificate } from '../../../haproxy/certificates.ts';
import { readMaterial } from '../../../haproxy/tls-material.ts';
import type { Log } from '../../../log.ts';
import type { MetricsOf } from '../../../telemetry/metrics.ts';
import { peersTlsFiles, peersTlsSource } from './files.ts';
import type { peersTlsMetrics } from './metrics.ts';
import { createRenewal } from './renewal.ts';

/** The certificates of the peers; null without --peers-tls. They are looked at in each full pass. */
export function createPeersTls({
  config,
  log,
  metrics,
  now,
}: {
  readonly config: SidecarConfig;
  readonly log: Log;
  readonly metrics: MetricsOf<typeof peersTlsMetrics>;
  readonly now: () => number;
}): Module | null {
  const files = peersTlsFiles(config);
  if (files === undefined || config.dryRun) return null;
  const { adminSocket } = config;
  return createRenewal({
    files,
    read: () => readMaterial(peersTlsSource(config)),
    replace: (kind, file, pem, signal) =>
      replaceCertificate(adminSocket, kind, file, pem, { signal }),
    log,
    now,
    onOutcome: (outcome) => metrics.renewals.inc({ outcome }),
    onExpiry: (atMs) => metrics.certificateExpiry.set(atMs / 1000),
  });
}
