import { clusterChecks } from './cluster-checks.ts';
import { configChecks } from './config-checks.ts';
import { containerChecks } from './container-checks.ts';
import { dataplaneChecks } from './dataplane-checks.ts';
import type { Facts, Finding } from './facts.ts';
import { runtimeChecks } from './runtime-checks.ts';
import { tlsChecks } from './tls-checks.ts';

/** Every finding, in the order in which one would look: the cluster, the files, what runs. */
export function examine(facts: Facts): readonly Finding[] {
  return [
    ...clusterChecks,
    ...configChecks,
    ...containerChecks,
    ...tlsChecks,
    ...dataplaneChecks,
    ...runtimeChecks,
  ].flatMap((check) => check(facts));
}
