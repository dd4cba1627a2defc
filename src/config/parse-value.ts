import { parseDuration } from './duration.ts';
import type { OptionType } from './option.ts';

export type Parsed = { readonly value: unknown } | { readonly problem: string };

function parseInteger(text: string, least: number, most: number): Parsed {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return { value };
  return { problem: `is not a whole number from ${least} to ${most}` };
}

/** The value of an option's text, or what is wrong with it (to be read after the option's name). */
export function parseValue(type: OptionType, text: string): Parsed {
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
    case 'duration': {
      const value = parseDuration(text);
      return value === undefined
        ? { problem: 'is not a duration such as 250ms, 5s or 5m' }
        : { value };
    }
    case 'list':
      return {
        value: text
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      };
    default: {
      const never: never = type;
      return { problem: `has the unknown type ${String(never)}` };
    }
  }
}
