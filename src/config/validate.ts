import { isIP } from 'node:net';
import { UserError } from '../errors.ts';
import { quoted } from '../model/names.ts';
import type { CommandName, Option } from './option.ts';
import { envName, options } from './options.ts';
import { type Environment, type Raw, readRaw } from './parse.ts';
import { parseValue } from './parse-value.ts';
import { textProblems } from './texts.ts';
import { type Config, camelCase } from './values.ts';

/** Host (empty: all addresses) and port of `:8405`, `127.0.0.1:8405` or `[::1]:8405`; port 0 picks a free one. */
export function parseListen(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[^:]*)):(?<port>\d{1,5})$/.exec(text);
  const host = match?.groups?.v6 ?? match?.groups?.v4 ?? '';
  const port = Number(match?.groups?.port ?? Number.NaN);
  if (!(port >= 0 && port <= 65_535)) return undefined;
  return host === '' || isIP(host) !== 0 ? { host, port } : undefined;
}

function names(name: string): string {
  const option = options.find((candidate) => candidate.name === name);
  const short: readonly string[] = option !== undefined && 'env' in option ? option.env : [];
  return [`--${name}`, ...(short.length > 0 ? short : [envName({ name })])].join(' or ');
}

function listenProblems({ listen }: Readonly<Record<string, unknown>>): string[] {
  return typeof listen === 'string' && parseListen(listen) === undefined
    ? [`--listen "${listen}" is not :PORT, ADDR:PORT or [ADDR]:PORT`]
    : [];
}

function relations(command: CommandName, config: Readonly<Record<string, unknown>>): string[] {
  const problems: string[] = [];
  const need = (name: string, why: string): void => {
    if (config[camelCase(name)] === undefined) problems.push(`${names(name)} is missing: ${why}`);
  };
  if (command === 'status') return [...listenProblems(config), ...textProblems(config)];
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
  if (command === 'init') need('template', 'it is the haproxy.cfg to render from');
  const podIp = config.podIp;
  if (typeof podIp === 'string' && isIP(podIp) === 0) {
    problems.push(`--pod-ip ${quoted(podIp)} is not an IP address`);
  }
  if (typeof config.dataplaneUrl === 'string' && /^(?!unix:).*@/.test(config.dataplaneUrl))
    problems.push(
      '--dataplane-url carries a user or password (it is not shown), which belong in --dataplane-user and --password-file',
    );
  problems.push(...listenProblems(config), ...textProblems(config));
  return problems;
}

export interface Loaded {
  readonly config: Config;
  readonly hints: readonly string[];
}

/**
 * The configuration of `command`, or a UserError CONFIG_INVALID that lists every problem. Touches nothing.
 */
export function loadConfig(
  command: CommandName,
  argv: readonly string[],
  env: Environment,
): Loaded {
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
      const shown = option.secret ? '' : ` ${quoted(text)}`;
      problems.push(`${given?.origin ?? option.name}${shown} ${parsed.problem}`);
      config[camelCase(option.name)] = null;
    }
  }
  // Who names a Service or a DNS name means it.
  if (raw.values.get('source')?.origin === 'default') {
    if (config.dns !== undefined) config.source = 'dns';
    if (config.service !== undefined) config.source = 'service';
  }
  problems.push(...relations(command, config));
  if (problems.length > 0) {
    throw new UserError(
      'CONFIG_INVALID',
      `The options of ${command} are wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
      { hint: `See haproxy-peer-sync ${command} --help.` },
    );
  }
  // The table declares exactly the names and types of Config; every one was parsed by its declared type above.
  return { config: Object.freeze(config) as unknown as Config, hints: raw.hints };
}
