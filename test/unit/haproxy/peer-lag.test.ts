import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseLag } from '../../../src/haproxy/peer-lag.ts';

const folder = 'test/golden/show-peers';

/** The block of a connected peer with these counters, as HAProxy 3.4 prints it. */
function answer(pushed: number, local: number, section = 'p', confirmed = 1140852120): string {
  return `0x55e20d683210: [19/Feb/1970:17:02:26] id=${section} disabled=0 flags=0x22100003 resync_timeout=<PAST> task_calls=7
  0x55e20d681aa0: id=a(local,inactive) addr=127.0.2.32:13000 app_state=STOPPED learn_state=NOTASSIGNED last_status=NONE last_hdshk=<NEVER>
        shared tables:
          0x55e20d7e8270 local_id=1 remote_id=0 flags=0x0 remote_data=0x0
              last_acked=0 last_pushed=0 last_get=0 teaching_origin=0 update=0
              table:0x55e20d687af0 id=sessions update=${local} localupdate=${local} refcnt=1
  0x55e20d681940: id=b(remote,active) addr=127.0.2.31:13000 app_state=RUNNING learn_state=NOTASSIGNED last_status=ESTA last_hdshk=8s
        shared tables:
          0x55e20d763180 local_id=1 remote_id=1 flags=0x0 remote_data=0x4
              last_acked=1 last_pushed=${pushed} last_get=1 teaching_origin=0 update=${confirmed}
              table:0x55e20d687af0 id=sessions update=${local} localupdate=${local} refcnt=1
`;
}

const behind = (text: string) => parseLag(text, 'p').get('b')?.behind;

describe('parseLag', () => {
  it('is what was not sent to the peer, and what it has not confirmed', () => {
    expect(parseLag(answer(40, 101, 'p', 39), 'p')).toEqual(
      new Map([['b', { behind: 61, unconfirmed: 62, updates: 101 }]]),
    );
    expect(parseLag(answer(101, 101, 'p', 101), 'p')).toEqual(
      new Map([['b', { behind: 0, unconfirmed: 0, updates: 101 }]]),
    );
  });

  it('takes a confirmation of what was never written for none', () => {
    expect(parseLag(answer(1500, 1500), 'p').get('b')).toMatchObject({
      behind: 0,
      unconfirmed: 1500,
    });
  });

  it('adds up the tables', () => {
    const text = answer(1, 4);
    const tables = text.slice(text.lastIndexOf('          0x'));

    expect(parseLag(text + tables, 'p').get('b')).toEqual({
      behind: 6,
      unconfirmed: 8,
      updates: 8,
    });
  });

  it('goes over the end of the counter, and is never less than 0 nor more than was written', () => {
    expect(behind(answer(4_294_967_290, 40))).toBe(40);
    expect(behind(answer(4_294_967_290, 4_294_967_293))).toBe(3);
    expect(behind(answer(10, 4))).toBe(0);
  });

  it('is everything for a session that has just begun half a circle away', () => {
    expect(behind(answer(2_147_483_648 + 700, 700))).toBe(700);
  });

  it('is never more than the table has entries', () => {
    const used = new Map([['sessions', 500]]);

    expect(parseLag(answer(100, 90_000), 'p', used).get('b')).toEqual({
      behind: 500,
      unconfirmed: 500,
      updates: 500,
    });
    expect(parseLag(answer(100, 90_000), 'p', new Map([['other', 5]])).get('b')?.behind).toBe(
      89_900,
    );
  });

  it('is everything while this replica teaches the peer, own updates or not', () => {
    const lesson = (flags: string) =>
      answer(10, 4, 'p', 4).replace(
        /(id=b.*\n)/,
        `$1        flags=${flags} appctx:0x7f62 state=EST\n`,
      );
    const used = new Map([['sessions', 500]]);

    for (const flags of ['0x1', '0x9', '0x3', '0x20000003']) {
      expect(parseLag(lesson(flags), 'p', used).get('b')).toEqual({
        behind: 500,
        unconfirmed: 500,
        updates: 500,
      });
    }
    expect(parseLag(lesson('0x1'), 'p').get('b')?.behind).toBe(4);
    for (const flags of ['0x0', '0x20', '0x20000000']) {
      expect(parseLag(lesson(flags), 'p', used).get('b')).toMatchObject({
        behind: 0,
        unconfirmed: 0,
      });
    }
  });

  it('looks at its own section only', () => {
    const text = answer(0, 5, 'other') + answer(0, 7);

    expect([...parseLag(text, 'p')]).toEqual([['b', { behind: 7, unconfirmed: 7, updates: 7 }]]);
  });

  it('leaves out who is not connected', () => {
    const text = answer(0, 5).replace('last_status=ESTA', 'last_status=CONN');

    expect(parseLag(text, 'p')).toEqual(new Map());
  });

  it.each(readdirSync(folder).filter((name) => !name.includes('show-')))(
    'reads %s of a real HAProxy',
    (name) => {
      const lag = parseLag(readFileSync(`${folder}/${name}`, 'utf8'), 'haproxy-peers');

      expect([...lag.values()].every((peer) => peer.behind === 0)).toBe(true);
      expect(lag.size).toBeLessThanOrEqual(1);
      if (name.includes('learned'))
        expect(lag).toEqual(new Map([['a', { behind: 0, unconfirmed: 0, updates: 0 }]]));
    },
  );
});
