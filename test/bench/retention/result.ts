/** `relay`: ours in relay mode, where `ours` is in reload mode. `beside`: ours, as another checkout has it. */
export type Way = 'ours' | 'relay' | 'beside' | 'naive';

export interface Survivor {
  readonly name: string;
  /** Base entries by key and value. */
  readonly kept: number;
  readonly missingLive: number;
}

/** One replica while a scenario is played. Times in milliseconds since the sampling began. */
export interface Track {
  readonly name: string;
  /** Entries of its table; null: its HAProxy did not answer. */
  readonly samples: readonly { readonly atMs: number; readonly entries: number | null }[];
  /** Null: it was ready before, or never. */
  readonly readyAtMs: number | null;
}

/** What one run of a scenario showed. */
export interface Result {
  readonly scenario: string;
  readonly way: Way;
  /** The most reloads an old replica may make. */
  readonly joins: number;
  readonly entries: number;
  /** On the worst survivor. */
  readonly kept: number;
  readonly survivors: readonly Survivor[];
  /** Writes that were answered with 200 during the change. */
  readonly acked: number;
  readonly writesFailed: number;
  /** Acknowledged and missing on one survivor at least, and on all of them. */
  readonly missingAny: number;
  readonly missingAll: number;
  readonly missingBy: Readonly<
    Record<string, { readonly keys: number; readonly fromMs: number; readonly toMs: number }>
  >;
  /** The most of one replica; null where there is none. */
  readonly reloadsOld: number | null;
  readonly reloadsNew: number | null;
  readonly readySeconds: number | null;
  readonly seconds: number;
  /** Did all tables count the same in the end? */
  readonly settled: boolean;
  readonly failure: string | null;
  /** With `--plot` alone. */
  readonly timeline?: readonly Track[];
}
