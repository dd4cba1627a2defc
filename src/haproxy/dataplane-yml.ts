import { stringify } from 'yaml';

export interface DataplaneYmlInput {
  readonly podName: string;
  /** Loopback host and port, or a unix socket. */
  readonly listen: { readonly host: string; readonly port: number } | { readonly socket: string };
  readonly userlist: string;
  readonly configFile: string;
  readonly masterSocket: string;
  /** Writable directory for transactions and the storage directories the API makes at its start. */
  readonly stateDirectory: string;
  readonly haproxyBin: string;
}

/**
 * dataplaneapi.yml. `reload_cmd` is `false`, because the API decides once at its start whether it reloads
 * over the master socket: a command that does something else, or nothing, would report reloads that never happened;
 * `false` makes them fail visibly (dataplaneapi configure_data_plane.go, reload-strategy.go, 2.9 to 3.4).
 * Everything the API writes goes to the shared volume, so that its root filesystem may be read-only.
 */
export function renderDataplaneYml(input: DataplaneYmlInput): string {
  const { stateDirectory: state, listen } = input;
  const listener =
    'socket' in listen
      ? { scheme: ['unix'], socket_path: listen.socket }
      : { scheme: ['http'], host: listen.host, port: listen.port };
  return stringify({
    config_version: 2,
    name: input.podName,
    dataplaneapi: {
      ...listener,
      userlist: { userlist: input.userlist },
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
        reload_cmd: 'false',
        restart_cmd: 'false',
      },
    },
    log_targets: [{ log_to: 'stdout', log_level: 'warning', log_types: ['app'] }],
  });
}
