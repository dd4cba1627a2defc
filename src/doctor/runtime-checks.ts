import { atLeast, versionOf } from '../model/program-version.ts';
import { type Check, failure, ok, warning } from './facts.ts';

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

const haproxyVersion: Check = ({ admin: found, relay }) => {
  if (!found.ok) return [];
  const name = 'haproxy-version';
  const version = versionOf(found.value.version);
  if (version === null || !atLeast(version, 2, 4)) {
    return [failure(name, `HAProxy ${found.value.version} is too old`, 'use HAProxy 2.6 or newer')];
  }
  if (relay === undefined && !atLeast(version, 2, 9)) {
    return [
      warning(
        name,
        `HAProxy ${found.value.version} has no hard-reload: a pod that missed the tables stays without them`,
        'use HAProxy 3.0 or newer',
      ),
    ];
  }
  return [ok(name, found.value.version)];
};

export const runtimeChecks: readonly Check[] = [master, admin, haproxyVersion];
