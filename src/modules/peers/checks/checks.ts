import type { Checks } from '../../../doctor/facts.ts';
import { lessonPort } from './lessons.ts';
import { networkChecks } from './network.ts';
import { runningChecks } from './running.ts';
import { sectionChecks, sharingChecks } from './section.ts';
import { stick } from './stick.ts';
import { tables } from './tables.ts';

/** The checks of peers that are siblings: the network between them, haproxy.cfg, and what HAProxy runs. */
export const peersChecks: Checks = {
  mode: 'reload',
  cluster: [...networkChecks, lessonPort],
  files: sectionChecks,
  running: runningChecks,
};

/** The checks of what is shared, in whatever way. */
export const tableChecks: Checks = { cluster: [tables], files: [...sharingChecks, stick] };
