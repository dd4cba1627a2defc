import { describe, expect, it } from 'vitest';
import type { Message } from '../../../../../src/modules/relay/pairing/messages.ts';
import { step } from '../../../../../src/modules/relay/pairing/pair.ts';
import {
  createPair,
  dueAtMs,
  type Pair,
  type PairEvent,
} from '../../../../../src/modules/relay/pairing/pair-state.ts';
import type { View } from '../../../../../src/modules/relay/pairing/view.ts';

/** Numbers that are the same each time, from a seed. */
function random(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

interface Side {
  pair: Pair;
  /** Messages and data under way to this side, in the order in which they were sent; `at`: not before. */
  readonly inbox: { readonly at: number; readonly content: Message | { data: string } }[];
  /** The round whose leg is open, and that of one that is being opened. */
  leg: number | null;
  opening: { readonly round: number; readonly doneAt: number; readonly works: boolean } | null;
  splice: number | null;
  worker: number;
  /** HAProxy has learned by then, be it that it has waited in vain. */
  learnedAt: number;
  answers: boolean;
  readonly got: string[];
  /** Of before sidecars gave their HAProxy the heartbeats: it says nothing of them. */
  readonly isEarlier: boolean;
}

/** Two sidecars, their HAProxy and the link between them, on a clock of their own. */
function world(seed: number, faultsUntil: number) {
  const next = random(seed);
  let now = 0;
  const side = (lead: boolean, isEarlier: boolean): Side => ({
    isEarlier,
    ...{ pair: createPair(lead), inbox: [], leg: null, opening: null, splice: null },
    ...{ worker: 1, learnedAt: 0, answers: false, got: [] },
  });
  const sides = [side(true, seed % 4 === 1), side(false, seed % 4 === 2)] as const;
  const other = (one: Side) => (one === sides[0] ? sides[1] : sides[0]);
  const problems: string[] = [];

  function send(to: Side, content: Message | { data: string }): void {
    const before = to.inbox.at(-1)?.at ?? 0;
    to.inbox.push({ at: Math.max(before, now + Math.floor(next() * 30)), content });
  }

  function saidBy({ isEarlier }: Side, message: Message): Message {
    return isEarlier && message.type === 'up' ? { type: 'up', round: message.round } : message;
  }

  function act(one: Side, event: PairEvent): void {
    const { pair, effects } = step(one.pair, event, now);
    one.pair = pair;
    for (const effect of effects) {
      if (effect.kind === 'send') send(other(one), saidBy(one, effect.message));
      if (effect.kind === 'open') {
        if (one.leg !== null || one.opening !== null) problems.push(`two legs at ${now}`);
        const works = one.answers && (now >= faultsUntil || next() < 0.6);
        one.opening = { round: effect.round, doneAt: now + Math.floor(next() * 60), works };
      }
      if (effect.kind === 'close') {
        one.leg = null;
        one.opening = null;
        one.splice = null;
      }
      if (effect.kind === 'splice') {
        if (one.leg !== effect.round) problems.push(`spliced without a leg at ${now}`);
        one.splice = effect.round;
        // Who believes that of an earlier one would keep heartbeats from its HAProxy.
        if (effect.beats === other(one).isEarlier) problems.push(`heartbeats at ${now}`);
      }
    }
  }

  const viewOf = (one: Side): View | null =>
    one.answers
      ? {
          worker: `w${one.worker}`,
          learned: now >= one.learnedAt,
          fresh: true,
          entries: one.worker,
        }
      : null;

  function fault(one: Side): void {
    const kind = next();
    if (kind < 0.5) {
      if (kind < 0.3) one.answers = !one.answers;
      one.worker += 1;
      one.learnedAt = now + Math.floor(next() * 500);
    } else if (kind < 0.7 && one.leg !== null)
      act(one, { kind: 'leg-down', round: one.leg, why: 'closed by HAProxy' });
    else if (kind < 0.8) act(one, { kind: 'again', why: 'a lesson' });
    else if (kind < 0.9) send(other(one), { type: 'lesson', why: 'behind' });
    act(one, { kind: 'mine', view: viewOf(one) });
  }

  function tick(): void {
    now += 1;
    for (const one of sides) {
      if (now < faultsUntil && next() < 0.01) fault(one);
      if (now === faultsUntil) one.answers = true;
      if (now === faultsUntil || now === one.learnedAt) {
        act(one, { kind: 'mine', view: viewOf(one) });
      }
      while ((one.inbox[0]?.at ?? Number.POSITIVE_INFINITY) <= now) {
        const { content } = one.inbox.shift() ?? { content: { data: '' } };
        if ('data' in content) {
          // Data that comes without a splice is of a round that is over.
          if (one.splice !== null) {
            one.got.push(content.data);
            if (content.data !== `${one.splice}`) problems.push(`data of another round at ${now}`);
          }
        } else act(one, { kind: 'message', message: content });
      }
      const { opening } = one;
      if (opening !== null && opening.doneAt <= now) {
        one.opening = null;
        if (opening.works) one.leg = opening.round;
        act(
          one,
          opening.works
            ? { kind: 'leg-up', round: opening.round }
            : { kind: 'leg-down', round: opening.round, why: 'refused' },
        );
      }
      if (one.splice !== null && next() < 0.2) send(other(one), { data: `${one.splice}` });
      if (dueAtMs(one.pair) <= now) act(one, { kind: 'time' });
    }
  }
  return { sides, tick, problems, now: () => now };
}

describe('two sidecars that make a session between their HAProxy', () => {
  it.each(Array.from({ length: 400 }, (_, seed) => seed))(
    'end up paired in the same round, whatever happened before (seed %i)',
    (seed) => {
      const { sides, tick, problems, now } = world(seed, 3000);
      while (now() < 12_000) tick();
      expect(problems).toEqual([]);
      expect(sides.map(({ pair }) => pair.phase)).toEqual(['paired', 'paired']);
      expect(sides[0].splice).toBe(sides[1].splice);
      expect(sides.every(({ got }) => got.length > 100)).toBe(true);
    },
  );

  it('are paired after one round where nothing is in the way', () => {
    const { sides, tick, now } = world(1, 1);
    while (now() < 400) tick();
    expect(sides.map(({ pair }) => [pair.phase, pair.round])).toEqual([
      ['paired', 1],
      ['paired', 1],
    ]);
  });

  describe('once paired', () => {
    const view: View = { worker: 'w1', learned: true, fresh: true, entries: 0 };
    const happen = (pair: Pair, ...events: readonly PairEvent[]) =>
      events.reduce(
        (done, event) => step(done.pair, event, 5000),
        step(pair, { kind: 'time' }, 5000),
      );
    const { pair } = happen(
      createPair(true),
      { kind: 'mine', view },
      { kind: 'message', message: { type: 'state', view } },
      { kind: 'message', message: { type: 'up', round: 1 } },
      { kind: 'leg-up', round: 1 },
    );

    it('are so', () => expect(pair.phase).toBe('paired'));

    it.each<[string, PairEvent]>([
      ['a leg of an earlier round has ended', { kind: 'leg-down', round: 7, why: 'late' }],
      ['a leg of an earlier round is open', { kind: 'leg-up', round: 7 }],
      [
        'the other side has given up an earlier round',
        { kind: 'message', message: { type: 'down', round: 7, why: 'late' } },
      ],
      ['time passes', { kind: 'time' }],
      ['the own HAProxy has more entries', { kind: 'mine', view: { ...view, entries: 9 } }],
    ])('stay so when %s', (_, event) => {
      expect(happen(pair, event).pair.phase).toBe('paired');
    });

    it.each<[string, PairEvent]>([
      ['another worker of its own runs', { kind: 'mine', view: { ...view, worker: 'w2' } }],
      ['its own HAProxy is gone', { kind: 'mine', view: null }],
      ['the leg has ended', { kind: 'leg-down', round: 1, why: 'closed' }],
      [
        'the other side asks for a lesson',
        { kind: 'message', message: { type: 'lesson', why: '' } },
      ],
      ['the other side is done', { kind: 'message', message: { type: 'down', round: 1, why: '' } }],
    ])('close the leg, and begin another round if they can, when %s', (_, event) => {
      const { effects } = step(pair, event, 9000);
      expect(effects.map(({ kind }) => kind)).toContain('close');
    });
  });

  it.each<[string, Partial<View>, Partial<View>, boolean]>([
    ['have both just started', {}, {}, false],
    ['have both just started, and one was written into', { entries: 5 }, {}, false],
    ['have started, and one has learned', { learned: true }, {}, true],
    ['still learn, one from the worker before it', { fresh: false }, {}, true],
    ['have learned', { learned: true }, { learned: true }, true],
  ])('begin a session when they %s: %s %s', (_, mine, theirs, expected) => {
    const started: View = { worker: 'w', learned: false, fresh: true, entries: 0 };
    const events: readonly PairEvent[] = [
      { kind: 'mine', view: { ...started, ...mine } },
      { kind: 'message', message: { type: 'state', view: { ...started, ...theirs } } },
    ];
    const pair = events.reduce((now, event) => step(now, event, 5).pair, createPair(true));
    expect(pair.phase !== 'idle').toBe(expected);
    expect(Number.isFinite(dueAtMs(pair))).toBe(expected);
    const learned = { ...started, ...theirs, learned: true };
    const message = { type: 'state' as const, view: learned };
    expect(step(pair, { kind: 'message', message }, 6).pair.phase).not.toBe('idle');
  });

  it('begin again at once after a session that has lasted, and ever later after ones that did not', () => {
    const view: View = { worker: 'w', learned: true, fresh: true, entries: 0 };
    let pair = createPair(true);
    const run = (event: PairEvent, at: number) => {
      const done = step(pair, event, at);
      pair = done.pair;
    };
    run({ kind: 'mine', view }, 0);
    run({ kind: 'message', message: { type: 'state', view } }, 0);
    const waits = [0, 1, 2, 3, 4].map((turn) => {
      const at = turn * 10_000;
      run({ kind: 'time' }, at);
      run({ kind: 'message', message: { type: 'down', round: pair.round, why: 'x' } }, at);
      return pair.phase === 'idle' ? pair.dueAtMs - at : 0;
    });
    expect(waits).toEqual([0, 25, 50, 100, 200]);
  });
});
