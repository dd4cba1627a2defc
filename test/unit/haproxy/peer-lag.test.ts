import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseLag } from '../../../src/haproxy/peer-lag.ts';

const folder = 'test/golden/show-peers';

/** The block of a connected peer with these counters, as HAProxy 3.4 prints it. */
function answer(pushed: number, local: number, section = 'p'): string {
  return `0x55e20d683210: [19/Feb/1970:17:02:26] id=${section} disabled=0 flags=0x22100003 resync_timeout=<PAST> task_calls=7
  0x55e20d681aa0: id=a(local,inactive) addr=127.0.2.32:13000 app_state=STOPPED learn_state=NOTASSIGNED last_status=NONE last_hdshk=<NEVER>
        shared tables:
          0x55e20d7e8270 local_id=1 remote_id=0 flags=0x0 remote_data=0x0
              last_acked=0 last_pushed=0 last_get=0 teaching_origin=0 update=0
              table:0x55e20d687af0 id=sessions update=${local} localupdate=${local} refcnt=1
  0x55e20d681940: id=b(remote,active) addr=127.0.2.31:13000 app_state=RUNNING learn_state=NOTASSIGNED last_status=ESTA last_hdshk=8s
        shared tables:
          0x55e20d763180 local_id=1 remote_id=1 flags=0x0 remote_data=0x4
              last_acked=1 last_pushed=${pushed} last_get=1 teaching_origin=0 update=1140852120
              table:0x55e20d687af0 id=sessions update=${local} localupdate=${local} refcnt=1
`;
}

describe('parseLag', () => {
  it('is what was not sent to the peer, whatever it has confirmed', () => {
    expect(parseLag(answer(40, 101), 'p')).toEqual(new Map([['b', 61]]));
  });

  it('adds up the tables', () => {
    const text = answer(1, 4);
    const tables = text.slice(text.lastIndexOf('          0x'));

    expect(parseLag(text + tables, 'p')).toEqual(new Map([['b', 6]]));
  });

  it('goes over the end of the counter, and is never less than 0', () => {
    expect(parseLag(answer(4_294_967_290, 4), 'p').get('b')).toBe(10);
    expect(parseLag(answer(10, 4), 'p').get('b')).toBe(0);
  });

  it('looks at its own section only', () => {
    expect(parseLag(answer(0, 5, 'other') + answer(0, 7), 'p')).toEqual(new Map([['b', 7]]));
  });

  it('leaves out who is not connected', () => {
    const text = answer(0, 5).replace('last_status=ESTA', 'last_status=CONN');

    expect(parseLag(text, 'p')).toEqual(new Map());
  });

  it.each(readdirSync(folder).filter((name) => !name.includes('show-')))(
    'reads %s of a real HAProxy',
    (name) => {
      const lag = parseLag(readFileSync(`${folder}/${name}`, 'utf8'), 'haproxy-peers');

      expect([...lag.values()].every((updates) => updates === 0)).toBe(true);
      expect(lag.size).toBeLessThanOrEqual(1);
      if (name.includes('learned')) expect(lag).toEqual(new Map([['a', 0]]));
    },
  );
});
