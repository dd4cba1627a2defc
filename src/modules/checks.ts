import type { Checks } from '../doctor/facts.ts';
import { peersChecks } from './peers/checks/checks.ts';
import { peersTlsChecks } from './peers/tls/checks.ts';

/** What `doctor` looks at for each module. A new module is a line here. */
export const moduleChecks: readonly Checks[] = [peersChecks, peersTlsChecks];
