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

/** The order in which a person would check. */
const stages = ['cluster', 'files', 'running'] as const;

/**
 * All findings: cluster, then files, then running programs. In each group the general checks come first, then those of
 * `modules`.
 */
export function examine(facts: Facts, modules: readonly Checks[]): readonly Finding[] {
  const mode = facts.relay === undefined ? 'reload' : 'relay';
  const all = [general, ...modules].filter((checks) => (checks.mode ?? mode) === mode);
  return stages.flatMap((stage) =>
    all.flatMap((checks) => checks[stage] ?? []).flatMap((check) => check(facts)),
  );
}
