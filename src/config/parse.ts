import { Command, CommanderError, Option as Flag } from 'commander';
import type { CommandName, Option } from '../model/option.ts';
import { envName, ignoredFlags, optionsOf } from './options.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where an option's text comes from, as an operator would name it. */
export interface RawValue {
  readonly text: string;
  readonly origin: string;
}

export interface Raw {
  readonly values: ReadonlyMap<string, RawValue>;
  readonly problems: readonly string[];
  /** Deprecated or ignored flags, one hint each. */
  readonly hints: readonly string[];
}

function repeatable(value: unknown, previous: unknown): unknown {
  return typeof previous === 'string' ? `${previous},${String(value)}` : value;
}

function flagOf(option: Option, name: string): Flag {
  const flag = new Flag(option.type === 'boolean' ? `--${name} [value]` : `--${name} [value]`);
  return option.type === 'list' ? flag.argParser(repeatable) : flag;
}

/** Go programs take `-name` as well as `--name`; so did the tool we replace. */
function withTwoDashes(argument: string): string {
  return /^-[a-z][a-z-]+(=|$)/.test(argument) ? `-${argument}` : argument;
}

/** The raw text of every option of `command`: flag before environment before default. Reports, never throws. */
export function readRaw(command: CommandName, argv: readonly string[], env: Environment): Raw {
  const problems: string[] = [];
  const hints: string[] = [];
  const declared = optionsOf(command);
  const parser = new Command(command)
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments();
  for (const option of declared) {
    parser.addOption(flagOf(option, option.name));
    for (const name of option.deprecatedFlags ?? []) parser.addOption(flagOf(option, name));
  }
  for (const name of Object.keys(ignoredFlags)) parser.addOption(new Flag(`--${name} [value]`));
  let flags: Record<string, unknown> = {};
  try {
    parser.parse(argv.map(withTwoDashes), { from: 'user' });
    flags = parser.opts();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    problems.push(error.message);
  }
  problems.push(...unexpected(parser.args, command));
  for (const [name, why] of Object.entries(ignoredFlags)) {
    if (flags[attribute(name)] !== undefined) hints.push(`--${name} has no effect: ${why}`);
  }
  const values = new Map<string, RawValue>();
  for (const option of declared) {
    const raw = rawOf(option, flags, env, hints, problems);
    if (raw !== undefined) values.set(option.name, raw);
  }
  return { values, problems, hints };
}

/** The name of a flag without anything that may be its value: a mistyped one may hold a password. */
export function flagName(argument: string): string {
  return /^-[a-z](?![a-z-])|^--?[a-z][a-z-]*/.exec(argument)?.[0] ?? '-';
}

function unexpected(rest: readonly string[], command: CommandName): readonly string[] {
  return rest.flatMap((argument, index) => {
    if (argument.startsWith('-')) return [`${flagName(argument)} is not an option of ${command}`];
    // Most likely its value.
    if (rest[index - 1]?.startsWith('-')) return [];
    return [
      `an argument that is no option is not expected (it is not shown: it may be a secret): ${command} takes options only, and a value with spaces needs quotes`,
    ];
  });
}

/** `tcp://10.0.0.1:3000`: what Kubernetes sets for a Service whose name makes it look like an option of ours. */
const serviceLink = /^(?:tcp|udp|sctp):\/\/\[?[0-9A-Fa-f.:]+\]?:\d+$/;

function attribute(name: string): string {
  return new Flag(`--${name} [value]`).attributeName();
}

function rawOf(
  option: Option,
  flags: Readonly<Record<string, unknown>>,
  env: Environment,
  hints: string[],
  problems: string[],
): RawValue | undefined {
  for (const name of [option.name, ...(option.deprecatedFlags ?? [])]) {
    const given = flags[attribute(name)];
    if (given === undefined) continue;
    if (name !== option.name) hints.push(`--${name} is deprecated: use --${option.name}`);
    if (typeof given === 'string') return { text: given, origin: `--${name}` };
    if (option.type === 'boolean') return { text: 'true', origin: `--${name}` };
    problems.push(`--${name} needs a value`);
    return undefined;
  }
  for (const name of [envName(option), ...(option.env ?? [])]) {
    const text = env[name];
    if (text === undefined || text === '') continue;
    if (!serviceLink.test(text)) return { text, origin: name };
    hints.push(
      `${name} is ignored: Kubernetes has set it for a Service, not you. enableServiceLinks: false in the pod's spec keeps such variables out`,
    );
  }
  return option.default === undefined ? undefined : { text: option.default, origin: 'default' };
}
