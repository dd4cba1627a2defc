import { parseDataplaneAddress } from '../model/dataplane-address.ts';
import type { Option } from '../model/option.ts';
import { selectorProblem } from '../model/selector.ts';
import { parseDuration } from './duration.ts';
import { parseListen } from './listen.ts';

type Kind = Pick<Option, 'type' | 'least'>;

export type Parsed = { readonly value: unknown } | { readonly problem: string };

function parseInteger(text: string, least: number, most: number): Parsed {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return { value };
  return { problem: `is not a whole number from ${least} to ${most}` };
}

/** A year, which is for ever here; far from where sums of times lose their milliseconds. */
const longest = '8760h';

function parseTime(text: string, least: string): Parsed {
  const value = parseDuration(text);
  if (value === undefined) return { problem: 'is not a duration such as 250ms, 5s or 5m' };
  if (value < (parseDuration(least) ?? 0)) return { problem: `is shorter than ${least}` };
  if (value > (parseDuration(longest) ?? 0)) return { problem: `is longer than ${longest}` };
  return { value };
}

/** The value of an option's text, or what is wrong with it (to be read after the option's name). */
export function parseValue({ type, least = '0' }: Kind, text: string): Parsed {
  if (typeof type !== 'string') {
    return type.includes(text) ? { value: text } : { problem: `is none of ${type.join(', ')}` };
  }
  switch (type) {
    case 'string':
      return text === '' ? { problem: 'is empty' } : { value: text };
    case 'boolean':
      if (text === 'true' || text === '1' || text === 'yes') return { value: true };
      if (text === 'false' || text === '0' || text === 'no') return { value: false };
      return { problem: 'is neither true nor false' };
    case 'integer':
      return parseInteger(text, 0, 4_294_967_294);
    case 'rate':
      return parseInteger(text, 1, 4_294_967_294);
    case 'port':
      return parseInteger(text, 1, 65_535);
    case 'duration':
      return parseTime(text, least);
    case 'list':
      return {
        value: text
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      };
    case 'listen': {
      const value = parseListen(text);
      return value === undefined
        ? { problem: 'is not :PORT, ADDR:PORT or [ADDR]:PORT' }
        : { value };
    }
    case 'dataplane-address':
      return parseDataplaneAddress(text);
    case 'selector': {
      const problem = selectorProblem(text);
      return problem === undefined ? { value: text.trim() } : { problem: `is wrong: ${problem}` };
    }
    default: {
      const never: never = type;
      return { problem: `has the unknown type ${String(never)}` };
    }
  }
}
