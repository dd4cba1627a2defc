import type { Checks } from '../../../doctor/facts.ts';
import { networkChecks } from './network.ts';
import { runningChecks } from './running.ts';
import { sectionChecks } from './section.ts';
import { stick } from './stick.ts';
import { tables } from './tables.ts';

/** The checks of the peers section: the network between siblings, haproxy.cfg, and what HAProxy runs. */
export const peersChecks: Checks = {
  cluster: [...networkChecks, tables],
  files: [...sectionChecks, stick],
  running: runningChecks,
};
