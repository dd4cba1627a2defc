import type { Checks } from '../../../doctor/facts.ts';
import { key, port } from './network.ts';
import { bind, resync, section } from './section.ts';

/** The checks of relay mode: the network between sidecars, the key, haproxy.cfg, and what HAProxy runs. */
export const relayChecks: Checks = {
  mode: 'relay',
  cluster: [port],
  files: [section, key],
  running: [bind, resync],
};
