import { dirname } from 'node:path';
import type { Applier } from '../../apply/applier.ts';
import { createDataplaneApplier } from '../../apply/dataplane.ts';
import { createDirectApplier } from '../../apply/direct.ts';
import { createDryRunApplier } from '../../apply/memory.ts';
import type { Config } from '../../config/values.ts';
import type { Owner } from '../../dataplane/owner.ts';
import { hardReload, reloadOverMaster } from '../../haproxy/master.ts';
import type { Log } from '../../log.ts';
import type { GeneralMetrics } from '../../telemetry/metrics.ts';

/** The applier that the configuration asks for. */
export function createApplier(
  config: Config,
  owners: readonly Owner[],
  log: Log,
  metrics: GeneralMetrics,
): Applier {
  const applier =
    config.applier === 'direct'
      ? createDirectApplier({
          configFile: config.haproxyConfig,
          masterSocket: config.masterSocket,
          haproxyBin: config.haproxyBin,
          log,
          readOnly: config.dryRun,
        })
      : createDataplaneApplier({
          address: config.dataplaneUrl,
          user: config.dataplaneUser,
          passwordFile: config.dataplanePasswordFile,
          password: config.dataplanePassword,
          owners,
          timeoutMs: config.dataplaneTimeout,
          commitTimeoutMs: config.dataplaneTimeout + 35_000,
          stateDirectory: config.stateDirectory ?? dirname(config.adminSocket),
          log,
          readOnly: config.dryRun,
          overMaster: {
            reload: (signal) => reloadOverMaster(config.masterSocket, { signal }),
            hardReload: (signal) => hardReload(config.masterSocket, { signal }),
          },
          onCall: ({ method, status, stage: operation, ok, ms }) => {
            metrics.dataplaneCalls.inc({ method, status });
            metrics.dataplaneSeconds.observe({ operation }, ms / 1000);
            if (!ok) metrics.dataplaneErrors.inc({ operation });
          },
        });
  return config.dryRun ? createDryRunApplier(applier, log) : applier;
}
