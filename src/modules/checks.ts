import type { Checks } from '../doctor/facts.ts';
import { aggregateChecks } from './aggregate/checks/checks.ts';
import { backendsChecks } from './backends/checks/checks.ts';
import { peersChecks, tableChecks } from './peers/checks/checks.ts';
import { peersTlsChecks } from './peers/tls/checks.ts';
import { relayChecks } from './relay/checks/checks.ts';
import { snapshotChecks } from './snapshot/checks/checks.ts';

/** What `doctor` looks at for each module. A new module is a line here. */
export const moduleChecks: readonly Checks[] = [
  peersChecks,
  relayChecks,
  tableChecks,
  peersTlsChecks,
  snapshotChecks,
  backendsChecks,
  aggregateChecks,
];
