import { readPeersSection } from '../../../config-text/peers-text.ts';
import { type Check, failure, ok, warning } from '../../../doctor/facts.ts';
import { namesNotLoaded } from '../../../model/not-loaded.ts';

/** Is what is written also what runs? A sibling that HAProxy has not loaded is refused. */
const loaded: Check = ({ admin, configText, options, siblings, env }) => {
  if (!admin.ok || admin.value.peers === null || !configText.ok) return [];
  const name = 'loaded';
  const missing = namesNotLoaded(
    readPeersSection(configText.value, options.peersSection, env),
    admin.value.peers,
    new Set(siblings.map((sibling) => sibling.name)),
  );
  if (missing.length === 0) return [ok(name, 'HAProxy runs with the peers of the file')];
  return [
    warning(
      name,
      `${options.configFile} has ${missing.join(', ')}, and HAProxy has not loaded it: it refuses them`,
      `the sidecar reloads HAProxy after --unloaded-limit (15 s); if it stays so, start HAProxy with -f ${options.configFile}`,
    ),
  ];
};

const resync: Check = ({ admin: found, options, self, siblings }) => {
  if (!found.ok) return [];
  const name = 'resync';
  const { peers } = found.value;
  if (peers === null) {
    return [
      failure(
        name,
        `HAProxy runs without the section ${options.peersSection}: nothing is shared`,
        `is its localpeer ${self.name}, and does the section have a line of that name?`,
      ),
    ];
  }
  if (peers.resync === 'unknown') {
    return [
      failure(
        name,
        '"show peers" of this version is not understood: nothing is changed',
        'please report the answer to "show peers" with the version',
      ),
    ];
  }
  if (peers.resync === 'pending') {
    return [warning(name, 'not finished', 'it ends by itself within 15 s')];
  }
  const running = siblings.filter(({ hello }) => hello === 'known' || hello === 'busy');
  const apart = running.filter(
    ({ name: sibling }) => !peers.peers.some((peer) => peer.name === sibling && peer.established),
  );
  if (apart.length > 0) {
    return [
      warning(
        name,
        `no session with ${apart.map((sibling) => sibling.name).join(', ')}, although it would accept one`,
        `echo "show peers" | socat - ${options.adminSocket}: last_status says what happened; HAProxy tries again every 5 s`,
      ),
    ];
  }
  return [ok(name, `finished (${peers.resync}), connected with all that run`)];
};

/** What HAProxy has made of the section. */
export const runningChecks: readonly Check[] = [loaded, resync];
