import { helpText, maskedConfig } from '../config/describe.ts';
import { plainFlags } from '../config/flag-forms.ts';
import { flagsOf, optionsOf } from '../config/options.ts';
import { flagName } from '../config/parse.ts';
import { loadConfig } from '../config/validate.ts';
import { AppError, errorMessage, UserError } from '../errors.ts';
import { createLog } from '../log.ts';
import type { CommandName } from '../model/option.ts';
import { visibleLines } from '../visible.ts';
import { backendsCommand } from './backends.ts';
import type { Command, CommandOf } from './command.ts';
import { doctorCommand } from './doctor.ts';
import { isElsewhere } from './elsewhere.ts';
import { initCommand } from './init.ts';
import { runCommand } from './run.ts';
import { snapshotCommand } from './snapshot.ts';
import { statusCommand } from './status.ts';

export const commands: readonly Command[] = [
  initCommand,
  runCommand,
  backendsCommand,
  statusCommand,
  doctorCommand,
  snapshotCommand,
];

export interface Program {
  /** Without the program's own name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly version: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly terminal?: boolean;
  /** Width of the terminal, in characters; missing: lines may be of any length. */
  readonly columns?: number | undefined;
}

function usage(): string {
  const rows = commands.map((command) => `  ${command.name.padEnd(10)}${command.summary}`);
  return [
    'haproxy-peer-sync keeps the peers section of HAProxy in step with its replicas.',
    '',
    'Usage: haproxy-peer-sync COMMAND [options]',
    '',
    'Commands:',
    ...rows,
    '',
    'haproxy-peer-sync COMMAND --help lists the options of a command.',
    '',
  ].join('\n');
}

/** Text of an error for a person: what, why, what to do. Stacks are for defects only. */
export function renderError(error: unknown): string {
  if (error instanceof AppError)
    return visibleLines(`error ${error.code}: ${error.message}\n${error.hint}\n`);
  const stack = error instanceof Error ? (error.stack ?? error.message) : errorMessage(error);
  return visibleLines(
    `error BUG: ${stack}\nThis is a defect of haproxy-peer-sync. Please report it with this text.\n`,
  );
}

/** What stands in place of a command may be a flag with a password: only its name is shown. */
function notACommand(name: string): string {
  if (name.startsWith('-')) return `${flagName(name)} stands before the command`;
  return /^[a-z]{1,20}$/.test(name)
    ? `"${name}" is not a command`
    : 'the first word is not a command';
}

/** Those of the sidecar's flags that the command has too: `--reconcile-interval` is none of doctor's. */
function knownFlags({ name, flags }: Pick<Command, 'name' | 'flags'>): readonly string[] {
  const given = plainFlags(flags?.() ?? [], optionsOf('run'));
  const names = new Set(optionsOf(name).flatMap(flagsOf));
  const isKnown = (flag: string) => names.has(flag.replace(/^--?/, '').split('=')[0] ?? '');
  return given.filter((word, index) =>
    word.startsWith('-') ? isKnown(word) : isKnown(given[index - 1] ?? ''),
  );
}

/** Options that are missing, where there is no sidecar to take them over from, are no matter of options. */
function load<C extends CommandName>(
  { name, flags, elsewhere }: CommandOf<C>,
  words: readonly string[],
  env: Program['env'],
) {
  try {
    return loadConfig(name, words, env);
  } catch (error) {
    if (!(error instanceof UserError) || elsewhere === undefined) throw error;
    if (!isElsewhere(env, flags?.() ?? [])) throw error;
    const hint = `${elsewhere}\n${error.hint}`;
    throw new UserError(error.code, error.message, { hint, cause: error });
  }
}

async function start<C extends CommandName>(
  command: CommandOf<C>,
  argv: readonly string[],
  program: Program,
): Promise<number> {
  const { name } = command;
  const flagsFrom = argv.findIndex((word) => word.startsWith('-'));
  const wordsEnd = flagsFrom === -1 ? argv.length : flagsFrom;
  const words = command.words === undefined ? [] : argv.slice(0, wordsEnd);
  const flags = [...knownFlags(command), ...argv.slice(words.length)];
  const { config, hints } = load(command, flags, program.env);
  // The answer of `status` goes to stdout, perhaps to a program, and nothing else may be there.
  const logs = name === 'init' || name === 'run' || (name === 'backends' && !config.check);
  const destination = logs ? undefined : { write: program.err };
  const log = createLog(config.logLevel, destination, config.logFormat);
  for (const hint of hints) log.warn({ hint }, 'check this option');
  log[logs ? 'info' : 'debug'](
    { version: program.version, options: maskedConfig(config) },
    `${name} starts`,
  );
  const { env, signal, version, out, terminal = false, columns } = program;
  return await command.run({ config, words, env, log, signal, version, out, terminal, columns });
}

/** The whole program: argv and environment in, exit code out. 0 done, 1 failed, 2 wrong use. Never throws. */
export async function main(program: Program): Promise<number> {
  const [name, ...argv] = program.argv;
  if (name === '--version' || name === 'version') {
    program.out(`${program.version}\n`);
    return 0;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    program.out(usage());
    return 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    program.err(
      name === undefined ? usage() : `error CONFIG_INVALID: ${notACommand(name)}\n\n${usage()}`,
    );
    return 2;
  }
  if (argv.includes('--help') || argv.includes('-h')) {
    program.out(helpText(command.name, command.summary, command.words));
    return 0;
  }
  try {
    return await start(command, argv, program);
  } catch (error) {
    if (program.signal.aborted && !(error instanceof AppError)) {
      program.err(`${errorMessage(program.signal.reason)}\n`);
      return 1;
    }
    program.err(renderError(error));
    return error instanceof UserError ? 2 : 1;
  }
}
