import type { Option } from '../model/option.ts';
import { flagsOf } from './options.ts';

/** `-n` as `--namespace`, `-n=edge` as `--namespace=edge`, `-ojson` as `--output=json`; others as they are. */
function longForm(argument: string, options: readonly Option[]): string {
  const [, letter, rest = ''] = /^-([a-z])(=.*|\w+)?$/s.exec(argument) ?? [];
  const option = options.find(({ short }) => short !== undefined && short === letter);
  if (option === undefined) return argument;
  if (rest === '' || rest.startsWith('=')) return `--${option.name}${rest}`;
  // Of a value of its own only: -leevel=debug is a typing error, not a selector.
  const isValue = typeof option.type !== 'string' && option.type.includes(rest);
  return isValue ? `--${option.name}=${rest}` : argument;
}

/** `--no-repair` as `--repair=false`, for every option that is true or false. */
function positiveForm(argument: string, options: readonly Option[]): string {
  const name = /^--?no-([a-z-]+)$/.exec(argument)?.[1];
  const isOne = options.some(
    (option) => option.type === 'boolean' && flagsOf(option).includes(name ?? ''),
  );
  return isOne ? `--${name}=false` : argument;
}

/** Go programs take `-name` as well as `--name`; so did the tool we replace. */
function withTwoDashes(argument: string): string {
  return /^-[a-z][a-z-]+(=|$)/.test(argument) ? `-${argument}` : argument;
}

/** The forms in which a flag may be written as the one that the parser knows: `--name` and `--name=value`. */
export function plainFlags(argv: readonly string[], options: readonly Option[]): readonly string[] {
  return argv.map((argument) => withTwoDashes(positiveForm(longForm(argument, options), options)));
}
