import { isIP } from 'node:net';
import { UserError } from '../errors.ts';
import { quoted } from '../model/names.ts';
import type { CommandName, Option } from '../model/option.ts';
import { aggregateProblems } from '../modules/aggregate/options/relations.ts';
import { backendsProblems } from '../modules/backends/options/parse.ts';
import { processProblems } from '../modules/backends/options/process.ts';
import { relayProblems } from '../modules/relay/options/relations.ts';
import { envName, options } from './options.ts';
import { type Environment, type Raw, readRaw } from './parse.ts';
import { parseValue } from './parse-value.ts';
import { textProblems } from './texts.ts';
import { type Config, type ConfigFor, camelCase } from './values.ts';

function names(name: string): string {
  const option = options.find((candidate) => candidate.name === name);
  const short: readonly string[] = option !== undefined && 'env' in option ? option.env : [];
  return [`--${name}`, ...(short.length > 0 ? short : [envName({ name })])].join(' or ');
}

/** Anybody who reaches the Data Plane API controls HAProxy, and basic auth over a network is readable. */
function remoteProblems({ dataplaneUrl, allowRemoteDataplane }: Partial<Config>): string[] {
  if (!dataplaneUrl || dataplaneUrl.isLocal || allowRemoteDataplane === true) return [];
  return [
    `--dataplane-url ${quoted(dataplaneUrl.text)} is not on the loopback: give --allow-remote-dataplane if it has to be`,
  ];
}

function relations(command: CommandName, config: Readonly<Record<string, unknown>>): string[] {
  const problems: string[] = [];
  const need = (name: string, why: string): void => {
    if (config[camelCase(name)] === undefined) problems.push(`${names(name)} is missing: ${why}`);
  };
  if (command === 'status' || command === 'backends') return [...textProblems(config)];
  if (command === 'snapshot') {
    if (typeof config.limit === 'number' && config.limit > 100_000)
      problems.push(`--limit ${config.limit} is more than 100000`);
    return [...problems, ...textProblems(config)];
  }
  need('pod-name', 'it is the name of this peer (downward API, fieldPath metadata.name)');
  need('pod-ip', 'it is the address of this peer (downward API, fieldPath status.podIP)');
  if (config.source === 'kubernetes' || config.source === 'service') {
    need(
      'namespace',
      'it is where the pods are looked for (downward API, fieldPath metadata.namespace)',
    );
  }
  if (config.events === 'on' && config.source !== 'kubernetes') {
    need('namespace', '--events on writes to it (downward API, fieldPath metadata.namespace)');
  }
  if (config.peerNames === 'node') {
    need('node-name', '--peer-names node needs it (downward API, fieldPath spec.nodeName)');
    need('host-ip', '--peer-names node needs it (downward API, fieldPath status.hostIP)');
  }
  const expected = config.expectReplicas;
  if (typeof expected === 'number' && expected > 0) {
    if (config.peerNames === 'node')
      problems.push('--expect-replicas is for names of pods: leave --peer-names at pod');
    if (typeof config.podName === 'string' && !/-\d+$/.test(config.podName))
      problems.push(
        `--expect-replicas is for a StatefulSet: --pod-name "${config.podName}" does not end with a number`,
      );
    if (expected > 1000) problems.push(`--expect-replicas ${expected} is more than 1000`);
  }
  if (config.source === 'file') need('members-file', '--source file reads it');
  if (config.source === 'service') need('service', '--source service follows its endpoints');
  if (config.source === 'dns') {
    need('dns', '--source dns asks for its addresses');
    if (config.peerNames === 'node')
      problems.push('--source dns names peers after their addresses: leave --peer-names at pod');
    if (typeof expected === 'number' && expected > 0)
      problems.push('--expect-replicas is for names of pods, which --source dns does not know');
  }
  if (config.snapshot !== undefined && config.dryRun === true)
    problems.push('--snapshot and --dry-run exclude each other: to restore is a change');
  if (command === 'init') need('template', 'it is the haproxy.cfg to render from');
  if (command === 'run' && config.watchTemplate === true)
    need('template', '--watch-template follows it: mount it into the sidecar, too');
  const podIp = config.podIp;
  if (typeof podIp === 'string' && (isIP(podIp) === 0 || podIp.includes('%'))) {
    problems.push(`--pod-ip ${quoted(podIp)} is not an IP address, or has a zone`);
  }
  // doctor does not contact such an address, and has a finding for it.
  if (command !== 'doctor') problems.push(...remoteProblems(config as Partial<Config>));
  problems.push(...textProblems(config));
  return problems;
}

export interface Loaded<C extends CommandName> {
  readonly config: ConfigFor<C>;
  readonly hints: readonly string[];
}

/**
 * The configuration of `command`, or a UserError CONFIG_INVALID that lists every problem. Touches nothing.
 */
export function loadConfig<C extends CommandName>(
  command: C,
  argv: readonly string[],
  env: Environment,
): Loaded<C> {
  const raw: Raw = readRaw(command, argv, env);
  const problems = [...raw.problems];
  const config: Record<string, unknown> = { command };
  for (const option of options as readonly Option[]) {
    const given = raw.values.get(option.name);
    const text = given?.text ?? option.default;
    if (text === undefined) {
      if (option.type === 'list') config[camelCase(option.name)] = [];
      continue;
    }
    const parsed = parseValue(option, text);
    if ('value' in parsed) config[camelCase(option.name)] = parsed.value;
    else {
      // An address may hold a password.
      const hidden = option.secret === true || option.type === 'dataplane-address';
      const shown = hidden ? '' : ` ${quoted(text)}`;
      problems.push(`${given?.origin ?? option.name}${shown} ${parsed.problem}`);
      config[camelCase(option.name)] = null;
    }
  }
  // --service and --dns imply their source.
  if (raw.values.get('source')?.origin === 'default') {
    if (config.dns !== undefined) config.source = 'dns';
    if (config.service !== undefined) config.source = 'service';
  }
  problems.push(...relations(command, config));
  const given = (name: string) => {
    const origin = raw.values.get(name)?.origin;
    return origin === 'default' ? undefined : origin;
  };
  const value = (name: string) => config[camelCase(name)];
  problems.push(
    ...relayProblems({ value, origin: given }),
    ...backendsProblems({ value }),
    ...(command === 'backends' ? processProblems({ value }, env) : []),
    ...aggregateProblems({ value }),
  );
  if (problems.length > 0) {
    throw new UserError(
      'CONFIG_INVALID',
      `The options of ${command} are wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
      { hint: `See haproxy-peer-sync ${command} --help.` },
    );
  }
  if (knowsItself(command)) config.members = membersFrom(config);
  // The table declares exactly the names and types of Config; every one was parsed by its declared type above, and
  // `relations` has said what is missing of those that the command needs.
  return { config: Object.freeze(config) as unknown as ConfigFor<C>, hints: raw.hints };
}

/** Of the commands that run in the pod of a replica. */
function knowsItself(command: CommandName): boolean {
  return command !== 'status' && command !== 'snapshot' && command !== 'backends';
}

/** All that its kind needs is there: `relations` has looked. */
function membersFrom({ source: kind, ...config }: Readonly<Record<string, unknown>>) {
  const { namespace, service, dns, membersFile } = config;
  if (kind === 'service') return { kind, namespace, service };
  if (kind === 'dns') return { kind, dns };
  return kind === 'file' ? { kind, membersFile } : { kind, namespace };
}
