import type { CommandName, Option, OptionGroup } from '../model/option.ts';
import { formatDuration } from './duration.ts';
import { envName, flagsOf, options, optionsOf } from './options.ts';
import { type Config, camelCase } from './values.ts';

function placeholder(option: Option): string {
  if (typeof option.type !== 'string') return option.type.join('|');
  return option.type === 'boolean' ? '' : option.type.toUpperCase();
}

/** The headings of the help and of docs/flags.md. */
const groups = {
  basic: 'Basic options',
  tls: 'TLS between the peers',
  relay: 'Relay mode',
  snapshot: 'Snapshots',
  backends: 'Backends of Services',
  aggregate: 'Sums over all replicas',
  tuning: 'Tuning (the defaults suit most set-ups)',
} as const satisfies Readonly<Record<OptionGroup, string>>;

/** The options under their headings, in the order of the table; headings without one are left out. */
function grouped(all: readonly Option[]): readonly (readonly [string, readonly Option[]])[] {
  return Object.entries(groups)
    .map(([key, title]) => [title, all.filter(({ group = 'basic' }) => group === key)] as const)
    .filter(([, inGroup]) => inGroup.length > 0);
}

/** `-n, --namespace`. */
function flagText({ name, short }: Option): string {
  return short === undefined ? `--${name}` : `-${short}, --${name}`;
}

/** `--help` of one command. `words`: what it takes before its options, with a space behind. */
export function helpText(command: CommandName, summary: string, words = ''): string {
  const row = (option: Option) => {
    const notes = [
      option.default ? `default ${option.default}` : '',
      [envName(option), ...(option.env ?? [])].join(', '),
    ].filter((note) => note !== '');
    return `${`  ${flagText(option)} ${placeholder(option)}`.trimEnd()}\n      ${option.description}\n      [${notes.join('; ')}]`;
  };
  const found = grouped(optionsOf(command));
  const blocks = found.map(
    ([title, inGroup]) =>
      `${found.length > 1 ? title : 'Options'}:\n${inGroup.map(row).join('\n')}\n`,
  );
  return `${summary}\n\nUsage: haproxy-peer-sync ${command} ${words}[options]\n\n${blocks.join('\n')}\n--no-NAME is --NAME=false, for every option that is true or false.\n`;
}

/** Of a value that was parsed into parts, what it was parsed from. */
function textOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'text' in value ? value.text : value;
}

/** The effective configuration for the start-up log: secrets masked, durations as text, unset ones left out. */
export function maskedConfig(config: Config): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = {};
  const values: Readonly<Record<string, unknown>> = { ...config };
  for (const option of optionsOf(config.command)) {
    const value = values[camelCase(option.name)];
    if (value === undefined) continue;
    if (option.secret) shown[option.name] = '<redacted>';
    else if (option.type === 'duration' && typeof value === 'number') {
      shown[option.name] = formatDuration(value);
    } else shown[option.name] = textOf(value);
  }
  return shown;
}

function typeOf({ type, least }: Option): string {
  if (typeof type !== 'string') return type.join(', ');
  return least === undefined ? type : `${type}, at least ${least}`;
}

/** docs/flags.md, generated. */
export function flagsMarkdown(): string {
  const row = (option: Option) => {
    const before = flagsOf(option).slice(1);
    const earlier = before.map((flag) => `\`--${flag}\``).join(', ');
    const cells = [
      `\`--${option.name}\`${option.short === undefined ? '' : `, \`-${option.short}\``}`,
      [envName(option), ...(option.env ?? [])].map((name) => `\`${name}\``).join(', '),
      typeOf(option),
      option.default ? `\`${option.default}\`` : '',
      option.commands.join(', '),
      option.description +
        (earlier === '' ? '' : ` Earlier name${before.length > 1 ? 's' : ''}: ${earlier}.`),
    ];
    return `| ${cells.join(' | ')} |`;
  };
  const blocks = grouped(options).flatMap(([title, inGroup]) => [
    `## ${title}`,
    '| flag | environment | type | default | commands | meaning |',
    '| --- | --- | --- | --- | --- | --- |',
    ...inGroup.map(row),
    '',
  ]);
  return [
    '# Flags',
    '',
    'Generated from `src/config/options.ts` by `npm run docs`. A flag wins over its environment variable, which wins over the default. `--no-NAME` is `--NAME=false`, for every boolean. A duration is written as `250ms`, `5s`, `1m30s` or `1h`, and no longer than `8760h`.',
    'Earlier names still work, with a hint in the log; those of this program as environment variables, too.',
    '',
    ...blocks,
  ].join('\n');
}
