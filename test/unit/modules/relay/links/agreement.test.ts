import { describe, expect, it } from 'vitest';
import {
  type Agreement,
  type Candidate,
  confirmed,
  ended,
  greeted,
  lostMark,
  newAgreement,
  type Step,
  taken,
} from '../../../../../src/modules/relay/links/agreement.ts';

const own = { uid: 'b', start: 'own' };
const decides = newAgreement(own, 'c');
const follows = newAgreement(own, 'a');

function candidate(id: number, part: Partial<Candidate> = {}): Candidate {
  return { id, start: 'other', dialled: false, attempt: id, ...part };
}

/** One after the other, and what all of them have asked for, e.g. `take 1`. */
function play(from: Agreement, ...steps: readonly ((before: Agreement) => Step)[]) {
  let agreement = from;
  const all = steps.map((step) => {
    const { agreement: next, acts } = step(agreement);
    agreement = next;
    return acts.map(
      (act) => `${act.kind} ${act.id}${act.kind === 'close' ? ` ${act.reason}` : ''}`,
    );
  });
  return { agreement, all };
}

const hears = (id: number, part?: Partial<Candidate>) => (before: Agreement) =>
  greeted(before, candidate(id, part));
const confirms = (id: number, number: number) => (before: Agreement) =>
  confirmed(before, id, number);
const takes = (id: number, number: number) => (before: Agreement) => taken(before, id, number);
const ends = (id: number) => (before: Agreement) => ended(before, id);

describe('the side with the lower uid', () => {
  it('offers the first connection, and has it once the other has taken it', () => {
    const { all } = play(decides, hears(1), hears(2, { dialled: true }), confirms(1, 1));

    expect(all).toEqual([['take 1'], [], ['up 1', 'close 2 duplicate']]);
  });

  it('offers its own first when an offer comes to nothing', () => {
    const { all } = play(decides, hears(1), hears(2, { dialled: true }), ends(1), confirms(2, 2));

    expect(all).toEqual([['take 1'], [], ['take 2'], ['up 2']]);
  });

  it('leaves a connection that its dialler has given up', () => {
    expect(play(decides, hears(1), hears(2)).all[1]).toEqual(['close 1 superseded', 'take 2']);
    expect(play(decides, hears(2), hears(1)).all[1]).toEqual([]);
  });

  it('changes nothing for a dial that has crossed the link, and all for one that came after its loss', () => {
    const lost = (number: number, start = 'own') => ({ lost: { start, number } });

    expect(play(decides, hears(1), confirms(1, 1), hears(2)).all[2]).toEqual(['close 2 duplicate']);
    expect(play(decides, hears(1), confirms(1, 1), hears(2, lost(0))).all[2]).toEqual([
      'close 2 duplicate',
    ]);
    expect(play(decides, hears(1), confirms(1, 1), hears(2, lost(9, 'earlier'))).all[2]).toEqual([
      'close 2 duplicate',
    ]);
    expect(play(decides, hears(1), confirms(1, 1), hears(2, lost(1))).all[2]).toEqual([
      ...['close 1 lost', 'take 2'],
    ]);
  });

  it('leaves everything of an earlier run of the other', () => {
    const { all } = play(decides, hears(1), confirms(1, 1), hears(2, { start: 'anew' }));

    expect(all[2]).toEqual(['close 1 restarted', 'take 2']);
  });
});

describe('the side with the higher uid', () => {
  it('has what is offered, and tells so first', () => {
    expect(play(follows, hears(1), takes(1, 1)).all).toEqual([[], ['taken 1', 'up 1']]);
  });

  it('takes a later offer in its place, and no earlier one', () => {
    const both = play(follows, hears(1), hears(2, { dialled: true }), takes(2, 2), takes(1, 1));
    const { all } = play(follows, hears(1), hears(2, { dialled: true }), takes(1, 1), takes(2, 2));

    expect(both.all.slice(2)).toEqual([['taken 2', 'up 2'], ['close 1 late']]);
    expect(all[3]).toEqual(['close 1 replaced', 'taken 2', 'up 2']);
  });

  it('offers nothing and confirms nothing', () => {
    expect(play(follows, hears(1), confirms(1, 1), ends(1)).all).toEqual([[], [], []]);
  });

  it('says in a greeting what it has lost, of this run of the other alone', () => {
    const { agreement } = play(follows, hears(1), takes(1, 4));
    expect(lostMark(agreement)).toBeUndefined();
    const after = play(agreement, ends(1)).agreement;
    expect(lostMark(after)).toEqual({ start: 'other', number: 4 });

    expect(lostMark(play(after, hears(2, { start: 'anew' })).agreement)).toBeUndefined();
  });
});
