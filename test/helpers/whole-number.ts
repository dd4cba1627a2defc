import { InvalidArgumentError } from 'commander';

/** Reads an option of the command line: a whole number within these limits. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is a number from ${least} to ${most.toLocaleString('en')}.`);
  };
}
