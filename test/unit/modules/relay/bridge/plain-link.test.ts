import { describe, expect, it } from 'vitest';
import { createPlainLink } from '../../../../../src/modules/relay/bridge/plain-link.ts';
import type { PlainStream } from '../../../../../src/modules/relay/bridge/stream.ts';
import type { Leg } from '../../../../../src/modules/relay/legs/open-leg.ts';
import type { View } from '../../../../../src/modules/relay/pairing/view.ts';
import { createSessions } from '../../../../../src/modules/relay/sessions.ts';
import { splice } from '../../../../../src/modules/relay/splice/splice.ts';
import { capturedLog } from '../../../../helpers/captured-log.ts';
import { eventually } from '../../../../helpers/eventually.ts';
import { noDifferences } from '../../../../helpers/no-differences.ts';

/** A connection in memory: what it was sent, and what HAProxy of the other pod says. */
function connection(first = '') {
  let end: (why: string) => void = () => {};
  let take: ((chunk: Buffer) => void) | null = null;
  let early = first;
  const said: string[] = [];
  const closed = new Promise<string>((resolve) => {
    end = resolve;
  });
  const stream: PlainStream = {
    closed,
    end: () => end('by us'),
    write(chunk) {
      said.push(chunk.toString('latin1'));
      return true;
    },
    onDrain() {},
    onData(act) {
      take = act;
      if (early !== '') act(Buffer.from(early));
      early = '';
    },
    pause() {},
    resume() {},
  };
  return {
    ...{ stream, said, closed },
    hangUp: () => end('by them'),
    says(text: string) {
      if (take === null) early += text;
      else take(Buffer.from(text));
    },
  };
}

const own = (part: Partial<View> = {}): View => ({
  ...{ worker: 'w1', learned: true, fresh: false, entries: 1, ...part },
});

/** Our side with a HAProxy that takes every leg, unless it is told to refuse. */
function sessionsOf(uid = 'uid-a') {
  const done: string[] = [];
  const legs: {
    readonly slot: string;
    readonly got: string[];
    say(text: string): void;
    end(): void;
  }[] = [];
  let refusals = 0;
  const sessions = createSessions({
    ...{ uid, log: capturedLog().log, now: () => performance.now(), onChange() {} },
    haproxy: { at: { path: '/nowhere' }, local: 'self', slots: ['s1', 's2'], tables: 1 },
    differences: noDifferences,
    legs: {
      async open({ slot }) {
        if (refusals > 0) {
          refusals -= 1;
          return { kind: 'refused', why: 'as the test wants it' };
        }
        let end: (why: string) => void = () => {};
        let take: (chunk: Buffer) => void = () => {};
        const closed = new Promise<string>((resolve) => {
          end = resolve;
        });
        const got: string[] = [];
        const nothing = () => {};
        const leg: Leg = {
          ...{ slot, onDrain: nothing, pause: nothing, resume: nothing, finishWriting: nothing },
          closed,
          close: () => end('closed'),
          ended: closed.then((why) => ({ why, code: undefined, connected: true })),
          onData(act) {
            take = act;
          },
          write(chunk) {
            got.push(chunk.toString('latin1'));
            return true;
          },
        };
        done.push(`open ${slot}`);
        legs.push({
          slot,
          got,
          say: (text) => take(Buffer.from(text)),
          end: () => end('reloaded'),
        });
        return { kind: 'up', leg };
      },
      async drain() {
        return null;
      },
      async reset({ slot }) {
        done.push(`reset ${slot}`);
        return true;
      },
    },
    splice: (leg, link) => splice(leg, link),
    on: { lesson: (_, why) => done.push(why), linked() {}, parted() {}, full() {} },
  });
  sessions.setView(null);
  return {
    ...{ sessions, done, legs },
    refuse(times: number) {
      refusals = times;
    },
    paired: () => eventually(() => sessions.siblings().some(({ paired }) => paired)),
    apart: () => eventually(() => !sessions.siblings().some(({ paired }) => paired)),
  };
}

// Theirs is the higher uid, and the lower one: this side leads in any case.
describe.each(['uid-b', 'uid-0'])('a pod in reload mode, as a link (%s)', (uid) => {
  const plain = () =>
    createPlainLink({
      pod: 'b',
      uid,
      address: '10.0.0.2',
      lesson: false,
      onApart() {},
    });
  const accepted = (pid: number, first = '') => {
    const one = connection(first);
    return { ...one, is: { stream: one.stream, pid, answered: false } };
  };
  const dialled = (first = '') => {
    const one = connection(first);
    return { ...one, is: { stream: one.stream, pid: null, answered: true } };
  };

  it.each([
    ['ours has still to learn', own({ learned: false, entries: 0 }), true],
    ['theirs has still to learn', own(), false],
    ['both hold entries', own(), true],
  ])('gets its 200 when our leg is open, and not before: %s', async (_, view, theyLearned) => {
    const { sessions, legs, refuse, paired } = sessionsOf();
    refuse(2);
    sessions.setView(view);
    const b = accepted(7);
    const link = plain();
    link.see({ learned: theyLearned, fresh: false, entries: 5 });
    link.attach(b.is);
    sessions.linked(link.link);
    await paired();
    expect(b.said).toEqual(['200\n']);
    b.says('from b');
    legs[0]?.say('to b');
    await eventually(() => b.said.length === 2);
    expect([b.said[1], legs[0]?.got]).toEqual(['to b', ['from b']]);
    await sessions.stop();
  });

  it('is connected to: what it says before our leg is open is kept', async () => {
    const { sessions, legs, paired } = sessionsOf();
    sessions.setView(own({ learned: false }));
    const b = dialled('at once');
    const link = plain();
    link.attach(b.is);
    sessions.linked(link.link);
    await paired();
    expect([b.said, legs[0]?.got]).toEqual([[], ['at once']]);
    await sessions.stop();
  });

  it('its slot is reset for another worker, not for the same one', async () => {
    const { sessions, done, paired, apart } = sessionsOf();
    sessions.setView(own());
    const link = plain();
    const next = async (each: { readonly is: Parameters<typeof link.attach>[0] }) => {
      link.attach(each.is);
      await paired();
      return done.splice(0);
    };
    const first = accepted(7);
    link.attach(first.is);
    sessions.linked(link.link);
    await paired();
    expect(done.splice(0)).toEqual(['open s1']);
    first.hangUp();
    await apart();
    const same = accepted(7);
    expect(await next(same)).toEqual(['open s1']);
    same.hangUp();
    await apart();
    const other = accepted(8);
    expect(await next(other)).toEqual(['reset s1', 'open s1']);
    other.hangUp();
    await apart();
    // Who has ended a session may be reloaded by now, and does not say its pid to who connects.
    expect(await next(dialled())).toEqual(['reset s1', 'open s1']);
    await sessions.stop();
  });

  // It does not say its pid to who connects, and may have been reloaded in between: without a reset it would not get what the worker before it had confirmed.
  it('that is connected to is another worker, also where only our side has ended the session', async () => {
    const { sessions, done, legs, paired, apart } = sessionsOf();
    sessions.setView(own());
    const link = plain();
    link.attach(accepted(7).is);
    sessions.linked(link.link);
    await paired();
    legs[0]?.end();
    await apart();
    link.attach(dialled().is);
    await paired();
    expect(done).toEqual(['open s1', 'reset s1', 'open s1']);
    await sessions.stop();
  });

  it.each([
    ['that is connected to over another link is another worker', dialled, true],
    ['that tells its pid over another link is the same worker', () => accepted(7), false],
  ])('%s', async (_, next, isReset) => {
    const { sessions, done, paired } = sessionsOf();
    sessions.setView(own());
    const first = plain();
    first.attach(next().is);
    sessions.linked(first.link);
    await paired();
    // It has been away for 6 s, in which it was reloaded or not.
    first.link.close('no connection');
    await eventually(() => sessions.siblings().length === 0);
    const second = plain();
    second.attach(next().is);
    sessions.linked(second.link);
    await paired();
    expect(done).toEqual(isReset ? ['open s1', 'reset s1', 'open s1'] : ['open s1', 'open s1']);
    await sessions.stop();
  });

  it('teaches us all that it holds, where we are not ready when it is first connected', async () => {
    const { sessions, paired } = sessionsOf();
    sessions.setView(own());
    const b = accepted(7);
    const link = createPlainLink({
      ...{ pod: 'b', uid, address: '10.0.0.2', lesson: true, onApart() {} },
    });
    link.attach(b.is);
    sessions.linked(link.link);
    await paired();
    expect(b.said).toEqual(['200\n', '\0\0']);
    await sessions.stop();
  });

  it('is taught everything after a reload here, over the connection that follows', async () => {
    const { sessions, done, legs, paired, apart } = sessionsOf();
    sessions.setView(own());
    const link = plain();
    link.attach(accepted(7).is);
    sessions.linked(link.link);
    await paired();
    sessions.setView(own({ worker: 'w2' }));
    await apart();
    link.attach(accepted(7).is);
    await paired();
    expect(done).toContain('HAProxy of this pod was reloaded');
    // RESYNCREQ of our sidecar to our own HAProxy.
    expect(legs.at(-1)?.got[0]).toBe('\0\0');
    await sessions.stop();
  });

  it('is asked for everything where ours lacks entries', async () => {
    const { sessions, paired, apart } = sessionsOf();
    sessions.setView(own());
    const [before, after] = [accepted(7), accepted(7)];
    const link = plain();
    link.attach(before.is);
    sessions.linked(link.link);
    await paired();
    sessions.askLesson(uid, 'b holds more');
    await apart();
    expect(await before.closed).toBe('by us');
    link.attach(after.is);
    await paired();
    expect(after.said).toEqual(['200\n', '\0\0']);
    await sessions.stop();
  });

  it('connects again while there is a session: the later one counts', async () => {
    const { sessions, legs, paired } = sessionsOf();
    sessions.setView(own());
    const [before, after] = [accepted(7), accepted(7)];
    const link = plain();
    link.attach(before.is);
    sessions.linked(link.link);
    await paired();
    link.attach(after.is);
    expect(await before.closed).toBe('by us');
    await eventually(() => after.said.length > 0);
    await paired();
    after.says('new');
    expect(legs.map(({ got }) => got)).toEqual([[], ['new']]);
    await sessions.stop();
  });

  it('what came of a session that is over does not reach the next', async () => {
    const { sessions, legs, paired, apart } = sessionsOf();
    sessions.setView(own());
    const [before, after] = [accepted(7), accepted(7)];
    const link = plain();
    link.attach(before.is);
    sessions.linked(link.link);
    await paired();
    before.hangUp();
    await apart();
    link.attach(after.is);
    await paired();
    before.says('late');
    expect(legs.map(({ got }) => got)).toEqual([[], []]);
    await sessions.stop();
  });

  it('ends with its link, and tells why', async () => {
    const { sessions, paired } = sessionsOf();
    sessions.setView(own());
    const b = accepted(7);
    const link = plain();
    link.attach(b.is);
    sessions.linked(link.link);
    await paired();
    link.link.close('it is no member any more');
    expect(await link.link.closed).toBe('it is no member any more');
    expect(await b.closed).toBe('by us');
    await eventually(() => sessions.siblings().length === 0);
    expect(link.connected()).toBe(false);
    await sessions.stop();
  });
});
