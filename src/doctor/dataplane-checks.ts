import { parse } from 'yaml';
import * as z from 'zod';
import { atLeast, type Version, versionOf } from '../model/program-version.ts';
import { type Check, failure, ok, warning } from './facts.ts';

/** Least versions that send the newline which the master of HAProxy 3.2 and later asks for (haproxy#2992). */
const newlineFix: Readonly<Record<string, number>> = { '2.9': 17, '3.0': 13, '3.1': 9, '3.2': 4 };

function reloadsNewHaproxy(api: Version): boolean {
  const [major, minor, patch] = api;
  const least = newlineFix[`${major}.${minor}`];
  return least === undefined ? atLeast(api, 3, 2) : patch >= least;
}

const ymlSchema = z.object({
  dataplaneapi: z
    .object({
      scheme: z.array(z.string()).optional(),
      host: z.string().optional(),
      port: z.number().optional(),
    })
    .optional(),
  haproxy: z
    .object({
      master_runtime: z.string().optional(),
      master_worker_mode: z.boolean().optional(),
      config_file: z.string().optional(),
      reload: z
        .object({ reload_strategy: z.string().optional(), reload_cmd: z.string().optional() })
        .optional(),
    })
    .optional(),
});

function readYml(text: string) {
  try {
    return ymlSchema.safeParse(parse(text)).data ?? null;
  } catch {
    return null;
  }
}

const reloadStrategy: Check = ({ dataplaneYml, options }) => {
  if (!options.usesDataplane || !dataplaneYml.ok) return [];
  const name = 'reload-strategy';
  const yml = readYml(dataplaneYml.value);
  if (yml === null)
    return [
      failure(
        name,
        `${options.dataplaneConfig} is no YAML of the Data Plane API`,
        'let init write it',
      ),
    ];
  const { haproxy } = yml;
  const command = haproxy?.reload?.reload_cmd ?? '';
  const strategy = haproxy?.reload?.reload_strategy;
  if (strategy !== undefined && !['custom', 's6', 'systemd'].includes(strategy)) {
    return [
      failure(name, `reload_strategy "${strategy}" does not exist`, 'reload_strategy: custom'),
    ];
  }
  if (/^(\/bin\/)?(true|:)$/.test(command.trim()) || /^echo\b/.test(command.trim())) {
    return [
      failure(
        name,
        `reload_cmd "${command}" does nothing and succeeds: where the Data Plane API started before HAProxy, every reload is reported and none happens`,
        'reload_cmd: the script that init writes, or /bin/false',
      ),
    ];
  }
  if (haproxy?.master_runtime !== options.masterSocket || haproxy.master_worker_mode !== true) {
    return [
      warning(
        name,
        `the Data Plane API does not reload over the master socket ${options.masterSocket}`,
        `haproxy: { master_runtime: ${options.masterSocket}, master_worker_mode: true }`,
      ),
    ];
  }
  if (haproxy.config_file !== undefined && haproxy.config_file !== options.configFile) {
    return [
      failure(
        name,
        `the Data Plane API writes ${haproxy.config_file}, and HAProxy reads ${options.configFile}`,
        `haproxy: { config_file: ${options.configFile} }`,
      ),
    ];
  }
  return [ok(name, 'over the master socket')];
};

const dataplane: Check = ({ dataplane: found, options, admin }) => {
  if (!options.usesDataplane) return [];
  const name = 'dataplane';
  if (!found.ok) {
    const mends: Readonly<Record<string, string>> = {
      DATAPLANE_UNREACHABLE: `is the container running, and does it listen on ${options.dataplaneUrl.text}? kubectl logs POD -c dataplaneapi`,
      DATAPLANE_UNAUTHORIZED: 'restart the pod: init writes userlist and password together',
    };
    return [failure(name, found.why, mends[found.code ?? ''] ?? found.hint ?? 'look at its log')];
  }
  const api = versionOf(found.value.api);
  const haproxy = admin.ok ? versionOf(admin.value.version) : null;
  if (api !== null && haproxy !== null && atLeast(haproxy, 3, 2) && !reloadsNewHaproxy(api)) {
    return [
      failure(
        name,
        `Data Plane API ${found.value.api} cannot reload HAProxy ${admin.ok ? admin.value.version : ''}: the change is put back each time`,
        'use Data Plane API 2.9.17, 3.0.13, 3.1.9, 3.2.4 or newer',
      ),
    ];
  }
  if (found.value.inMemory !== found.value.onDisk) {
    return [
      failure(
        name,
        `the Data Plane API holds version ${found.value.inMemory} of the configuration, and the file is version ${found.value.onDisk}: a reload has failed, and every answer of it is wrong`,
        'the sidecar repairs it with its next read where that damages nothing; else restart the dataplaneapi container',
      ),
    ];
  }
  return [ok(name, `${found.value.api} answers, and agrees with the file`)];
};

const address: Check = ({ options, dataplaneYml }) => {
  if (!options.usesDataplane) return [];
  const name = 'dataplane-address';
  const listens = dataplaneYml.ok ? readYml(dataplaneYml.value)?.dataplaneapi : undefined;
  const { host, port } = listens ?? {};
  if (host !== undefined && !/^(127\.|localhost$|\[?::1\]?$)/.test(host)) {
    return [
      failure(
        name,
        `the Data Plane API listens on ${host}, where anybody in the network may try the password`,
        `${options.dataplaneConfig}: dataplaneapi: { host: 127.0.0.1 }`,
      ),
    ];
  }
  const { text, isLocal, listen } = options.dataplaneUrl;
  if (port !== undefined && 'port' in listen && listen.port !== port) {
    return [
      failure(
        name,
        `the Data Plane API listens on port ${port}, and the sidecar asks ${text}`,
        `--dataplane-url http://${host ?? '127.0.0.1'}:${port}`,
      ),
    ];
  }
  if (isLocal) return [ok(name, text)];
  return [
    failure(
      name,
      `${text} is not on the loopback: anybody in the network may try the password`,
      'dataplaneapi: { host: 127.0.0.1 } and --dataplane-url http://127.0.0.1:5555',
    ),
  ];
};

export const dataplaneChecks: readonly Check[] = [address, dataplane, reloadStrategy];
