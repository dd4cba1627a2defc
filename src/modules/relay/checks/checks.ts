import type { Checks } from '../../../doctor/facts.ts';
import { port, trust, upgrade } from './network.ts';
import { bind, resync, section } from './section.ts';

/** The checks of relay mode: the network between sidecars, what sidecars know each other by, haproxy.cfg, and what HAProxy runs. */
export const relayChecks: Checks = {
  mode: 'relay',
  cluster: [port],
  files: [section, trust, upgrade],
  running: [bind, resync],
};
