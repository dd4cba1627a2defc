import type { Standing } from '../merge/rules.ts';

/** What one origin has said in one session of its sidecar. */
export interface Run {
  /** The life of a HAProxy's memory, by the name that it keeps in its table of epochs. */
  readonly origin: string;
  readonly generation: number;
  /** In a lesson that is not over yet: it counts for nothing until then. */
  readonly isStaged: boolean;
  /** The newest of its flushes up to which nothing is missing here. */
  complete: number;
  /** The newest of its flushes of which something is here. */
  newest: number;
  /** Parts that it has in all tables. */
  parts: number;
  /** Its HAProxy is not there any more: none of its connections is open. */
  isGone: boolean;
}

/** A run takes 16 bits of a part's memory. Each restart of a HAProxy or sidecar makes one, which goes when its parts have expired. */
export const runLimit = 65_536;

export class Runs {
  private readonly runs: Run[] = [];
  private readonly numbers = new Map<string, number>();

  get(run: number): Run {
    const found = this.runs[run];
    if (found === undefined) throw new RangeError(`there is no run ${run}`);
    return found;
  }

  all(): readonly Run[] {
    return this.runs.filter((run) => this.find(run) !== undefined);
  }

  find({ origin, generation, isStaged }: Pick<Run, 'origin' | 'generation' | 'isStaged'>) {
    return this.numbers.get(`${isStaged ? 's' : 'r'}${generation} ${origin}`);
  }

  /** The number of this run; undefined: there are too many. */
  add(origin: string, generation: number, isStaged = false): number | undefined {
    const run: Run = {
      origin,
      generation,
      isStaged,
      complete: 0,
      newest: 0,
      parts: 0,
      isGone: false,
    };
    const known = this.find(run);
    if (known !== undefined) return known;
    const number = this.runs.length < runLimit ? this.runs.length : this.reuse();
    if (number === undefined) return undefined;
    this.runs[number] = run;
    this.numbers.set(`${isStaged ? 's' : 'r'}${generation} ${origin}`, number);
    return number;
  }

  /** Of two runs of one origin, which part is newer. */
  standing(run: number, sequence: number): Standing {
    return { generation: this.get(run).generation, sequence };
  }

  private reuse(): number | undefined {
    const number = this.runs.findIndex(({ parts }) => parts === 0);
    const run = this.runs[number];
    if (run === undefined) return undefined;
    this.numbers.delete(`${run.isStaged ? 's' : 'r'}${run.generation} ${run.origin}`);
    return number;
  }
}
