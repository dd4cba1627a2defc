import { readPeersSection } from '../config-text/peers-text.ts';
import { namesNotLoaded } from '../model/not-loaded.ts';
import { type Check, ok, warning } from './facts.ts';

/** Is what is written also what runs? A sibling that HAProxy has not loaded is refused. */
export const loaded: Check = ({ admin, configText, options, siblings, env }) => {
  if (!admin.ok || admin.value.peers === null || !configText.ok) return [];
  const name = 'loaded';
  const missing = namesNotLoaded(
    readPeersSection(configText.value, options.peersSection, env),
    admin.value.peers,
    new Set(siblings.map((sibling) => sibling.name)),
  );
  if (missing.length === 0) return [ok(name, 'HAProxy runs with the siblings of the file')];
  return [
    warning(
      name,
      `${options.configFile} has ${missing.join(', ')}, and HAProxy has not loaded it: it refuses them`,
      `the sidecar reloads HAProxy after --unloaded-limit (15 s); if it stays so, start HAProxy with -f ${options.configFile}`,
    ),
  ];
};
