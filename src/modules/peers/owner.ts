import type { Config } from '../../config/values.ts';
import { apiObstacles } from '../../config-text/api-model.ts';
import { readPeersSection } from '../../config-text/peers-text.ts';
import type { Owner } from '../../dataplane/owner.ts';
import { observePeers } from '../../engine/observe.ts';
import { peersOwner, type SectionOptions } from './edit.ts';
import { haproxyEnv } from './haproxy-env.ts';
import { sameAsRunning } from './running.ts';

/** The entries of the peers section, for the Data Plane API's applier. */
export function peersSectionOwner({ sectionName, env, running }: SectionOptions): Owner {
  return {
    name: peersOwner,
    // Losses in a `peer` line are reported as obstacles, so such lines may be rewritten.
    own(text) {
      const { style, entries } = readPeersSection(text, sectionName, env);
      const names = new Set(style === 'peer' ? entries.map(({ name }) => name) : []);
      return { keyword: 'peers', section: sectionName, names, env };
    },
    obstacles: (text) => apiObstacles(text, sectionName),
    async loaded(text, signal) {
      const peers = await running?.(signal);
      if (peers === undefined) return undefined;
      return sameAsRunning(readPeersSection(text, sectionName, env), peers);
    },
  };
}

/** The name of the section, and who reports the running state. `env` is that of this process. */
export function sectionOptionsOf(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): SectionOptions {
  return {
    sectionName: config.peersSection,
    env: haproxyEnv(config, env),
    running: async (signal) => {
      const observed = await observePeers(config.adminSocket, config.peersSection, signal);
      return observed.kind === 'up' ? observed.state?.peers : undefined;
    },
  };
}
