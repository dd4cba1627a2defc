import type { ConfigFor } from '../config/values.ts';
import type { Log } from '../log.ts';
import type { CommandName } from '../model/option.ts';

/** Everything a command may touch besides what its configuration names. */
export interface Context<C extends CommandName> {
  readonly config: ConfigFor<C>;
  /** What stands before the options. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Aborts when the program is asked to stop. */
  readonly signal: AbortSignal;
  readonly version: string;
  readonly out: (text: string) => void;
  /** The output is a terminal: colours are used. */
  readonly terminal: boolean;
  /** Width of the terminal, in characters; undefined: lines may be of any length. */
  readonly columns?: number | undefined;
}

/** A command is data; its `run` resolves to the exit code. */
export interface CommandOf<C extends CommandName> {
  readonly name: C;
  readonly summary: string;
  /** What may stand before the options: `list|show FILE `. Missing: nothing. */
  readonly words?: string;
  /** Flags that come before those that were given. */
  readonly flags?: () => readonly string[];
  /** What to do instead where there is no sidecar whose pod it could look at. */
  readonly elsewhere?: string;
  run(context: Context<C>): Promise<number>;
}

export type Command = { [C in CommandName]: CommandOf<C> }[CommandName];
