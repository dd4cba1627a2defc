import { startTimer } from '../../../clock.ts';
import type { Leg, LegOutcome } from '../legs/open-leg.ts';
import { createLeaving } from './leaving.ts';
import { readMessage } from './messages.ts';
import { lastedMs, step } from './pair.ts';
import { createPair, dueAtMs, type PairEffect, type PairEvent } from './pair-state.ts';
import { alike, type View } from './view.ts';

/** What a pair needs of the link to the other sidecar. */
export interface PairLink {
  send(message: unknown): void;
  onMessage(act: (message: unknown) => void): void;
}

/** Bytes both ways between the leg and the link, until it is stopped. */
export interface Spliced {
  stop(): void;
}

/** What came of opening the own leg. */
export type Opened =
  /** `taught`: our HAProxy was told to teach all it holds. */
  | (Extract<LegOutcome, { readonly kind: 'up' }> & { readonly taught: boolean })
  | Exclude<LegOutcome, { readonly kind: 'up' }>
  | { readonly kind: 'full'; readonly why: string };

/** What the other side has asked for, told apart from what it asks for later in the same words. */
interface Asked {
  readonly why: string;
}

export interface PairRunOptions {
  readonly link: PairLink;
  /** Our uid is the lower one. */
  readonly lead: boolean;
  /** The own leg for a session with their worker; `asked`: why the other side asks for a lesson. Never throws. */
  readonly open: (theirs: View, asked: string | null, signal: AbortSignal) => Promise<Opened>;
  /** `beats`: the other sidecar gives its HAProxy the heartbeats, and so is this one to. */
  readonly splice: (leg: Leg, beats: boolean) => Spliced;
  /** What it tells of the pair is another. */
  readonly onChange: () => void;
  readonly onPaired: () => void;
  /** A session that had been made is over, or could not be made. */
  readonly onDown: (why: string, wasPaired: boolean) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export interface PairRun {
  mine(view: View | null): void;
  /** Another session: for what it begins with. */
  again(why: string): void;
  /** The other side has asked for a lesson, and no session that began with it has lasted. */
  asked(): boolean;
  theirs(): View | null;
  paired(): boolean;
  /** Closes the leg; the link is left to who has it. Resolves when HAProxy can be met on the slot again. */
  stop(): Promise<void>;
}

/** Does for one link what `pair.ts` decides. */
export function runPair(options: PairRunOptions): PairRun {
  const { link, now } = options;
  let pair = createPair(options.lead);
  let stopped = false;
  let asked: Asked | null = null;
  let stopTimer = () => {};
  let opening: { readonly round: number; readonly abort: AbortController } | null = null;
  let open: {
    readonly leg: Leg;
    /** What it was opened to teach for. */
    readonly pays: Asked | null;
    spliced: { readonly splice: Spliced; readonly atMs: number } | null;
  } | null = null;
  /** The own HAProxy is not the one of the session any more, whose end is waited for. */
  const leaving = createLeaving((view) => happened({ kind: 'mine', view }));
  /** The leg before is gone: there are never two on one slot. */
  let free: Promise<unknown> = Promise.resolve();

  async function openLeg(round: number, theirs: View, abort: AbortController): Promise<void> {
    const lesson = asked;
    const outcome = await options.open(theirs, lesson?.why ?? null, abort.signal);
    const over = opening?.round !== round;
    if (!over) opening = null;
    if (outcome.kind !== 'up') {
      if (!over) happened({ kind: 'leg-down', round, why: outcome.why });
      return;
    }
    const { leg } = outcome;
    if (over) {
      leg.close();
      await leg.closed;
      return;
    }
    open = { leg, pays: outcome.taught ? lesson : null, spliced: null };
    void leg.closed.then((why) => {
      if (leaving.waits() && open?.leg === leg) leaving.over();
      else happened({ kind: 'leg-down', round, why });
    });
    happened({ kind: 'leg-up', round });
  }

  function see(view: View | null): void {
    const isSame = view !== null && view.worker === pair.mine?.worker;
    if (!isSame && open !== null && open.spliced !== null) leaving.wait(view);
    else {
      leaving.drop();
      happened({ kind: 'mine', view });
    }
  }

  function closeLeg(): void {
    opening?.abort.abort();
    opening = null;
    if (open === null) return;
    const { leg, pays, spliced } = open;
    open = null;
    // The other side has ended it first.
    if (leaving.waits()) queueMicrotask(leaving.over);
    spliced?.splice.stop();
    // The leg of the other side may have ended before it got anything.
    if (spliced !== null && now() - spliced.atMs < lastedMs) asked ??= pays;
    leg.close();
    free = free.then(() => leg.closed);
  }

  function perform(effect: PairEffect): void {
    switch (effect.kind) {
      case 'send':
        link.send(effect.message);
        return;
      case 'open': {
        const { round, theirs } = effect;
        const abort = new AbortController();
        opening = { round, abort };
        free = free.then(() => openLeg(round, theirs, abort));
        return;
      }
      case 'splice':
        if (open !== null) {
          open.spliced = { splice: options.splice(open.leg, effect.beats), atMs: now() };
          // Only now does the other HAProxy get it: a leg that came up alone has taught nobody.
          if (open.pays === asked) asked = null;
        }
        options.onPaired();
        return;
      case 'close':
        closeLeg();
        return;
    }
  }

  function arm(): void {
    stopTimer();
    const due = dueAtMs(pair);
    if (due === Number.POSITIVE_INFINITY) return;
    stopTimer = startTimer(() => happened({ kind: 'time' }), Math.max(0, due - now()));
  }

  function happened(event: PairEvent): void {
    if (stopped) return;
    const before = pair;
    const { pair: after, effects } = step(pair, event, now());
    pair = after;
    for (const effect of effects) {
      if (effect.kind === 'close') options.onDown(effect.why, before.phase === 'paired');
      perform(effect);
    }
    arm();
    if (before.phase !== after.phase || !alike(before.theirs, after.theirs)) options.onChange();
  }

  link.onMessage((text) => {
    const message = readMessage(text);
    if (message === null) return;
    if (message.type === 'lesson') asked = { why: message.why };
    happened({ kind: 'message', message });
  });

  return {
    mine: see,
    again: (why) => happened({ kind: 'again', why }),
    asked: () => asked !== null,
    theirs: () => pair.theirs,
    paired: () => pair.phase === 'paired',
    async stop() {
      stopped = true;
      stopTimer();
      leaving.drop();
      closeLeg();
      await free;
    },
  };
}
