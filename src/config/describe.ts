import type { CommandName, Option } from '../model/option.ts';
import { formatDuration } from './duration.ts';
import { envName, options, optionsOf } from './options.ts';
import { type Config, camelCase } from './values.ts';

function placeholder(option: Option): string {
  if (typeof option.type !== 'string') return option.type.join('|');
  return option.type === 'boolean' ? '' : option.type.toUpperCase();
}

/** `--help` of one command. */
export function helpText(command: CommandName, summary: string): string {
  const rows = optionsOf(command).map((option) => {
    const notes = [
      option.default ? `default ${option.default}` : '',
      [envName(option), ...(option.env ?? [])].join(', '),
    ].filter((note) => note !== '');
    return `${`  --${option.name} ${placeholder(option)}`.trimEnd()}\n      ${option.description}\n      [${notes.join('; ')}]`;
  });
  return `${summary}\n\nUsage: haproxy-peer-sync ${command} [options]\n\nOptions:\n${rows.join('\n')}\n`;
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
  const rows = (options as readonly Option[]).map((option) => {
    const deprecated = (option.deprecatedFlags ?? []).map((flag) => `\`--${flag}\``).join(', ');
    return [
      `\`--${option.name}\``,
      [envName(option), ...(option.env ?? [])].map((name) => `\`${name}\``).join(', '),
      typeOf(option),
      option.default ? `\`${option.default}\`` : '',
      option.commands.join(', '),
      option.description + (deprecated === '' ? '' : ` Earlier name: ${deprecated}.`),
    ].join(' | ');
  });
  return [
    '# Flags',
    '',
    'Generated from `src/config/options.ts` by `npm run docs`. A flag wins over its environment variable, which wins over the default. A duration is written as `250ms`, `5s`, `1m30s` or `1h`, and no longer than `8760h`.',
    '',
    '| flag | environment | type | default | commands | meaning |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
    '',
  ].join('\n');
}
