import { Command, CommanderError, Option as Flag } from 'commander';
import type { CommandName, Option } from '../model/option.ts';
import { plainFlags } from './flag-forms.ts';
import { envName, flagsOf, ignoredFlags, optionsOf, variablesOf } from './options.ts';

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
    for (const name of flagsOf(option)) parser.addOption(flagOf(option, name));
  }
  for (const name of Object.keys(ignoredFlags)) parser.addOption(new Flag(`--${name} [value]`));
  const words = plainFlags(argv, declared);
  let flags: Record<string, unknown> = {};
  try {
    parser.parse(words, { from: 'user' });
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
    const raw = rawOf(option, { argv: words, flags, env }, hints, problems);
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
      `there is an argument that is not an option (not shown, since it may be a secret): ${command} takes only options, and a value with spaces needs quotes`,
    ];
  });
}

/** `tcp://10.0.0.1:3000`: what Kubernetes sets for a Service whose name makes it look like an option of ours. */
const serviceLink = /^(?:tcp|udp|sctp):\/\/\[?[0-9A-Fa-f.:]+\]?:\d+$/;

function attribute(name: string): string {
  return new Flag(`--${name} [value]`).attributeName();
}

/** What was given: `flags` is `argv` as the parser has read it. */
interface Given {
  readonly argv: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Environment;
}

/** The flag of this option that counts: of several names the last, as where one flag is repeated. */
function flagGiven(option: Option, { argv, flags }: Given): string | undefined {
  const last = (name: string) =>
    argv.findLastIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  return flagsOf(option)
    .filter((name) => flags[attribute(name)] !== undefined)
    .toSorted((a, b) => last(a) - last(b))
    .at(-1);
}

function rawOf(
  option: Option,
  given: Given,
  hints: string[],
  problems: string[],
): RawValue | undefined {
  const flag = flagGiven(option, given);
  if (flag !== undefined) {
    if (flag !== option.name) hints.push(`--${flag} is deprecated: use --${option.name}`);
    const value = given.flags[attribute(flag)];
    if (typeof value === 'string') return { text: value, origin: `--${flag}` };
    if (option.type === 'boolean') return { text: 'true', origin: `--${flag}` };
    problems.push(`--${flag} needs a value`);
    return undefined;
  }
  const before = (option.formerly ?? []).map((name) => envName({ name }));
  for (const name of variablesOf(option)) {
    const text = given.env[name];
    if (text === undefined || text === '') continue;
    if (!serviceLink.test(text)) {
      if (before.includes(name)) hints.push(`${name} is deprecated: use ${envName(option)}`);
      return { text, origin: name };
    }
    hints.push(
      `${name} is ignored: Kubernetes has set it for a Service, not you. enableServiceLinks: false in the pod's spec keeps such variables out`,
    );
  }
  return option.default === undefined ? undefined : { text: option.default, origin: 'default' };
}
