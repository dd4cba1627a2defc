import type { Config } from '../config/values.ts';
import type { Log } from '../log.ts';

/** Everything a command may touch besides what its configuration names. */
export interface Context {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Aborts when the program is asked to stop. */
  readonly signal: AbortSignal;
  readonly version: string;
  readonly out: (text: string) => void;
  /** Somebody looks: colours are welcome. */
  readonly terminal: boolean;
}

/** A command is data; its `run` resolves to the exit code. */
export interface Command {
  readonly name: Config['command'];
  readonly summary: string;
  /** Flags that come before those that were given. */
  readonly flags?: () => readonly string[];
  run(context: Context): Promise<number>;
}
