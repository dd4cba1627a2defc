import { firstLeg, mayPair } from './first-leg.ts';
import type { Message } from './messages.ts';
import type { Pair, PairEffect, PairEvent, Step } from './pair-state.ts';
import type { View } from './view.ts';

type Up = Extract<Message, { readonly type: 'up' }>;

/** A round takes milliseconds; HAProxy that is stopped answers never. */
const roundLimitMs = 3000;
/** A session that has lasted so long was no failure. */
export const lastedMs = 2000;
const retryBaseMs = 25;
const retryCapMs = 2000;

/** Ends the round on this side. `tell`: the other does not know yet. */
function over(pair: Pair, why: string, nowMs: number, tell: boolean): Step {
  if (pair.phase === 'idle') return { pair, effects: [] };
  const { round, phase } = pair;
  const lasted = phase === 'paired' && nowMs - pair.pairedAtMs >= lastedMs;
  const failures = lasted ? 0 : pair.failures + 1;
  const retryMs = failures <= 1 ? 0 : Math.min(retryCapMs, retryBaseMs * 2 ** (failures - 2));
  const effects: PairEffect[] = [];
  if (tell) effects.push({ kind: 'send', message: { type: 'down', round, why } });
  if (phase !== 'awaiting-first') effects.push({ kind: 'close', round, why });
  return { pair: { ...pair, phase: 'idle', failures, dueAtMs: nowMs + retryMs }, effects };
}

function then(step: Step, next: (pair: Pair) => Step): Step {
  const { pair, effects } = next(step.pair);
  return { pair, effects: [...step.effects, ...effects] };
}

/** The lead begins a round when it is time. */
function advance(pair: Pair, nowMs: number): Step {
  const { lead, phase, mine, theirs } = pair;
  if (!lead || phase !== 'idle' || mine === null || theirs === null || nowMs < pair.dueAtMs)
    return { pair, effects: [] };
  if (!mayPair(mine, theirs)) return { pair, effects: [] };
  const first = firstLeg(mine, theirs);
  const round = pair.round + 1;
  const send: PairEffect = { kind: 'send', message: { type: 'begin', round, first } };
  const begun = { ...pair, round, dueAtMs: nowMs + roundLimitMs };
  if (first === 'other') return { pair: { ...begun, phase: 'awaiting-first' }, effects: [send] };
  return {
    pair: { ...begun, phase: 'opening-first' },
    effects: [send, { kind: 'open', round, theirs }],
  };
}

function onMine(pair: Pair, view: View | null, nowMs: number): Step {
  const send: PairEffect = { kind: 'send', message: { type: 'state', view } };
  const ended =
    view === null || (pair.mine !== null && view.worker !== pair.mine.worker)
      ? over(pair, view === null ? 'HAProxy does not answer' : 'another worker', nowMs, true)
      : { pair, effects: [] };
  return { pair: { ...ended.pair, mine: view }, effects: [...ended.effects, send] };
}

/** The follower does as the lead says; a begin that comes while its HAProxy is away is answered. */
function onBegin(pair: Pair, round: number, first: 'lead' | 'other', nowMs: number): Step {
  if (pair.lead || round <= pair.round) return { pair, effects: [] };
  return then(over(pair, 'another round', nowMs, false), (idle) => {
    const { mine, theirs } = idle;
    const begun = { ...idle, round };
    if (mine === null || theirs === null) {
      const why = 'HAProxy does not answer';
      return {
        pair: begun,
        effects: [{ kind: 'send', message: { type: 'down', round, why } }],
      };
    }
    if (first === 'lead') return { pair: { ...begun, phase: 'awaiting-first' }, effects: [] };
    return {
      pair: { ...begun, phase: 'opening-first' },
      effects: [{ kind: 'open', round, theirs }],
    };
  });
}

function paired(pair: Pair, effects: readonly PairEffect[], nowMs: number): Step {
  return {
    pair: { ...pair, phase: 'paired', pairedAtMs: nowMs },
    effects: [...effects, { kind: 'splice', round: pair.round, beats: pair.beats }],
  };
}

function onUp(before: Pair, { round, beats = false }: Up, nowMs: number): Step {
  if (round !== before.round) return { pair: before, effects: [] };
  const pair = { ...before, beats };
  if (pair.phase === 'up-first') return paired(pair, [], nowMs);
  if (pair.phase !== 'awaiting-first' || pair.theirs === null) return { pair, effects: [] };
  return {
    pair: { ...pair, phase: 'opening-second' },
    effects: [{ kind: 'open', round, theirs: pair.theirs }],
  };
}

function onMessage(pair: Pair, message: Message, nowMs: number): Step {
  switch (message.type) {
    case 'state':
      return { pair: { ...pair, theirs: message.view }, effects: [] };
    case 'begin':
      return onBegin(pair, message.round, message.first, nowMs);
    case 'up':
      return onUp(pair, message, nowMs);
    case 'down':
      if (message.round !== pair.round) return { pair, effects: [] };
      return over(pair, `the other side: ${message.why}`, nowMs, false);
    case 'lesson':
      return over(pair, 'the other side asks for a lesson', nowMs, true);
  }
}

function onLegUp(pair: Pair, round: number, nowMs: number): Step {
  if (round !== pair.round) return { pair, effects: [] };
  const up: PairEffect = { kind: 'send', message: { type: 'up', round, beats: true } };
  if (pair.phase === 'opening-first')
    return { pair: { ...pair, phase: 'up-first' }, effects: [up] };
  if (pair.phase === 'opening-second') return paired(pair, [up], nowMs);
  return { pair, effects: [] };
}

function onTime(pair: Pair, nowMs: number): Step {
  const late = pair.lead && pair.phase !== 'idle' && pair.phase !== 'paired';
  if (!late || nowMs < pair.dueAtMs) return { pair, effects: [] };
  return over(pair, `not paired within ${roundLimitMs} ms`, nowMs, true);
}

function react(pair: Pair, event: PairEvent, nowMs: number): Step {
  switch (event.kind) {
    case 'mine':
      return onMine(pair, event.view, nowMs);
    case 'message':
      return onMessage(pair, event.message, nowMs);
    case 'leg-up':
      return onLegUp(pair, event.round, nowMs);
    case 'leg-down':
      if (event.round !== pair.round) return { pair, effects: [] };
      return over(pair, event.why, nowMs, true);
    case 'again':
      return over(pair, event.why, nowMs, true);
    case 'time':
      return onTime(pair, nowMs);
  }
}

/** What becomes of the pair, and what is to be done for it, in this order. */
export function step(pair: Pair, event: PairEvent, nowMs: number): Step {
  return then(react(pair, event, nowMs), (next) => advance(next, nowMs));
}
