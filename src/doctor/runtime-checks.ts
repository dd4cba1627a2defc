import { type Check, failure, ok, warning } from './facts.ts';
import { loaded } from './loaded-check.ts';
import { atLeast, versionOf } from './version.ts';

const master: Check = ({ master: found, options }) => {
  const name = 'master-socket';
  if (!found.ok) {
    return [
      failure(
        name,
        found.why,
        `start HAProxy with -W -S ${options.masterSocket},mode,660 on the shared volume`,
      ),
    ];
  }
  if (found.value.failedReloads > 0) {
    return [
      failure(
        name,
        `the last ${found.value.failedReloads} reloads of HAProxy have failed: an old configuration is in force`,
        `haproxy -c -f ${options.configFile}, in the container of HAProxy, says why`,
      ),
    ];
  }
  return [ok(name, 'answers, and the last reload succeeded')];
};

const admin: Check = ({ admin: found, options }) => {
  const name = 'admin-socket';
  if (!found.ok) {
    return [
      failure(
        name,
        found.why,
        `global: stats socket ${options.adminSocket} mode 660 level admin expose-fd listeners`,
      ),
    ];
  }
  if (found.value.level !== 'admin') {
    return [
      warning(
        name,
        `${options.adminSocket} has level ${found.value.level}`,
        `global: stats socket ${options.adminSocket} mode 660 level admin expose-fd listeners`,
      ),
    ];
  }
  return [ok(name, 'answers with level admin')];
};

const haproxyVersion: Check = ({ admin: found }) => {
  if (!found.ok) return [];
  const name = 'haproxy-version';
  const version = versionOf(found.value.version);
  if (version === null || !atLeast(version, 2, 4)) {
    return [failure(name, `HAProxy ${found.value.version} is too old`, 'use HAProxy 2.6 or newer')];
  }
  if (!atLeast(version, 2, 9)) {
    return [
      warning(
        name,
        `HAProxy ${found.value.version} knows no hard-reload: a pod that missed the tables stays without them`,
        'use HAProxy 3.0 or newer',
      ),
    ];
  }
  return [ok(name, found.value.version)];
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

export const runtimeChecks: readonly Check[] = [master, admin, haproxyVersion, loaded, resync];
