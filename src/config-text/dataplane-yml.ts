import { stringify } from 'yaml';
import { refuseText } from './refuse-text.ts';

export interface DataplaneYmlInput {
  readonly podName: string;
  /** Loopback host and port, or a unix socket. */
  readonly listen: { readonly host: string; readonly port: number } | { readonly socket: string };
  readonly userlist: string;
  /**
   * The file with that userlist; missing: haproxy.cfg. The API only reads it (dataplaneapi configuration/user.go, 2.9
   * to 3.4).
   */
  readonly userlistFile?: string | undefined;
  readonly configFile: string;
  readonly masterSocket: string;
  /** Writable directory for transactions and the storage directories the API makes at its start. */
  readonly stateDirectory: string;
  readonly haproxyBin: string;
  /** Path of the script from `renderReloadScript`. No spaces, because the API splits the command at them. */
  readonly reloadScript: string;
}

/**
 * The reload command of the Data Plane API for HAProxy before 2.7, with which the API does not use the master socket
 * itself. Reloads over that socket, and succeeds only if a new worker runs. Needs socat beside the API.
 */
export function renderReloadScript(masterSocket: string): string {
  refuseText('path', 'master socket', masterSocket);
  return `#!/bin/sh
set -eu
ask() { echo "$1" | socat -t 10 - 'UNIX-CONNECT:${masterSocket}'; }
worker() { ask 'show proc' | awk '$2 == "worker" { print $1; exit }'; }
before=$(worker)
ask reload || true
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  now=$(worker || true)
  if [ -n "$now" ] && [ "$now" != "$before" ]; then exit 0; fi
  sleep 0.25
done
echo 'no new worker has started' >&2
exit 1
`;
}

/**
 * dataplaneapi.yml. The API decides once, at its start, whether it reloads over the master socket, and otherwise
 * always uses `reload_cmd`. A command that does nothing would report reloads that never happened, so the command is a
 * script that verifies them (dataplaneapi configure_data_plane.go, reload-strategy.go, 2.9 to 3.4). The API writes
 * only to the shared volume, so its root filesystem may be read-only.
 */
export function renderDataplaneYml(input: DataplaneYmlInput): string {
  const { stateDirectory: state, listen } = input;
  refuseText('path', 'reload script', input.reloadScript);
  refuseText('path', 'HAProxy program', input.haproxyBin);
  const listener =
    'socket' in listen
      ? { scheme: ['unix'], socket_path: listen.socket }
      : { scheme: ['http'], host: listen.host, port: listen.port };
  return stringify({
    config_version: 2,
    name: input.podName,
    dataplaneapi: {
      ...listener,
      userlist: {
        userlist: input.userlist,
        ...(input.userlistFile === undefined ? {} : { userlist_file: input.userlistFile }),
      },
      transaction: { transaction_dir: `${state}/transactions` },
      resources: {
        maps_dir: `${state}/maps`,
        ssl_certs_dir: `${state}/ssl`,
        general_storage_dir: `${state}/general`,
        dataplane_storage_dir: `${state}/dataplane`,
        spoe_dir: `${state}/spoe`,
        spoe_transaction_dir: `${state}/spoe-transactions`,
      },
    },
    haproxy: {
      config_file: input.configFile,
      haproxy_bin: input.haproxyBin,
      master_runtime: input.masterSocket,
      master_worker_mode: true,
      reload: {
        reload_delay: 5,
        reload_strategy: 'custom',
        reload_cmd: `sh ${input.reloadScript}`,
        restart_cmd: `sh ${input.reloadScript}`,
      },
    },
    log_targets: [{ log_to: 'stdout', log_level: 'warning', log_types: ['app'] }],
  });
}
