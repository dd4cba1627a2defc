import { apiServerChecks } from './api-server-checks.ts';
import { bindChecks } from './bind-checks.ts';
import { configChecks } from './config-checks.ts';
import { containerChecks } from './container-checks.ts';
import { dataplaneChecks } from './dataplane-checks.ts';
import { dnsCache } from './dns-check.ts';
import type { Checks, Facts, Finding } from './facts.ts';
import { mesh } from './mesh-check.ts';
import { runtimeChecks } from './runtime-checks.ts';
import { selectorChecks } from './selector-checks.ts';
import { servicePorts } from './service-ports-check.ts';
import { versions } from './versions-check.ts';

/** Checks that belong to no module. */
const general: Checks = {
  cluster: [...apiServerChecks, ...selectorChecks, dnsCache, mesh, servicePorts, versions],
  files: [...configChecks, ...bindChecks, ...containerChecks, ...dataplaneChecks],
  running: runtimeChecks,
};

/** The order in which one would look. */
const stages = ['cluster', 'files', 'running'] as const;

/** Every finding: of the cluster, the files, what runs; in each the general ones first, then those of `modules`. */
export function examine(facts: Facts, modules: readonly Checks[]): readonly Finding[] {
  return stages.flatMap((stage) =>
    [general, ...modules].flatMap((checks) => checks[stage] ?? []).flatMap((check) => check(facts)),
  );
}
